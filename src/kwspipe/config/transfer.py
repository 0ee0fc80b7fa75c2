"""Configuration of the checkpoint that training starts from."""

from typing import Annotated, Literal

from pydantic import Field

from kwspipe.config.types import Sha256, Texts, typed


@typed
class NoTransferConfig:
    """Training from scratch."""

    source: Literal["none"]


@typed
class BundledTransferConfig:
    """The bundled checkpoint of the model.

    Attributes:
        skip_mismatch: layers that do not fit keep their initial weights. If false, they are an error.
        class_outputs: copies the output layer per class, if the classes of the checkpoint are known.
        freeze: names or patterns of layers that are not trained.
    """

    source: Literal["bundled"]
    skip_mismatch: bool
    class_outputs: bool
    freeze: Texts


@typed
class PathTransferConfig:
    """A checkpoint on disk: a run directory, an archive or a file of weights. See ``BundledTransferConfig``."""

    source: Literal["path"]
    path: Annotated[str, Field(min_length=1)]
    skip_mismatch: bool
    class_outputs: bool
    freeze: Texts


@typed
class UrlTransferConfig:
    """A checkpoint that is downloaded once. See ``BundledTransferConfig``.

    Attributes:
        path: an existing file instead of the download.
    """

    source: Literal["url"]
    path: str | None
    url: Annotated[str, Field(min_length=1)]
    sha256: Sha256
    cache_dir: str
    skip_mismatch: bool
    class_outputs: bool
    freeze: Texts


TransferConfig = Annotated[
    NoTransferConfig | BundledTransferConfig | PathTransferConfig | UrlTransferConfig,
    Field(discriminator="source"),
]
