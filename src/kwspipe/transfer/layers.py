"""Transfer: the weights of a checkpoint, by layer name, into a freshly built model."""

import fnmatch
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kwspipe.config import TransferConfig
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash
from kwspipe.models.layer_names import OUTPUTS
from kwspipe.transfer.checkpoint import RUN_CHECKPOINT, Arrays, read_checkpoint
from kwspipe.transfer.class_outputs import class_names, copy_class_outputs

BUNDLED = Path(__file__).resolve().parent / "bundled"
WEIGHTS_SUFFIX = ".weights.h5"


class Layer(Protocol):
    """What is needed of a Keras layer."""

    name: str
    trainable: bool

    def get_weights(self) -> list[np.ndarray]: ...  # noqa: D102
    def set_weights(self, weights: list[np.ndarray]) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class TransferReport:
    """Which layers were loaded, and why the others were not.

    Attributes:
        checkpoint: the file it came from; None where training starts from scratch.
        loaded: names of the layers whose weights were set.
        skipped: reason by layer name, for layers of the model that kept their fresh weights.
        unused: layers of the checkpoint that the model does not have.
        frozen: names of the layers that are not trained.
        words: classes whose outputs were taken over, where not all of them were.
        other_features: settings of the front end that the checkpoint was trained with and the configuration has
            otherwise: (the checkpoint's, the configuration's) by name.
    """

    checkpoint: str | None
    loaded: tuple[str, ...]
    skipped: dict[str, str]
    unused: tuple[str, ...]
    frozen: tuple[str, ...]
    words: tuple[str, ...] = ()
    other_features: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Returns it as plain data for transfer.json."""
        return asdict(self)


def locate(config: TransferConfig, model_name: str) -> Path | None:
    """Returns the checkpoint's path, downloaded where it has to be; None for training from scratch.

    Raises:
        KwspipeError: the configuration lacks what its source needs, or none is bundled for the model.
    """
    if config.source == "none":
        return None
    if config.path is not None:
        path = Path(config.path).expanduser()
        return path / RUN_CHECKPOINT if path.is_dir() else path
    if config.source == "bundled":
        return _bundled(model_name)
    if config.source == "url" and config.url and config.sha256:
        from kwspipe.files.download import fetch

        target = Path(config.cache_dir).expanduser() / config.url.rsplit("/", 1)[-1]
        return fetch(config.url, target, config.sha256)
    needed = {"path": "transfer.path", "url": "transfer.url and transfer.sha256"}[config.source]
    raise KwspipeError(
        "transfer",
        f"source {config.source} without {needed}",
        f"source {config.source} with {needed}",
        f"set {needed}",
    )


def _bundled(model_name: str) -> Path:
    path = BUNDLED / f"{model_name}{WEIGHTS_SUFFIX}"
    if not path.is_file():
        known = sorted(file.name.removesuffix(WEIGHTS_SUFFIX) for file in BUNDLED.glob(f"*{WEIGHTS_SUFFIX}"))
        raise KwspipeError(
            "transfer.source",
            f"no checkpoint of {model_name} is bundled",
            f"a model that has one: {', '.join(known)}",
            "set transfer=none to train from scratch, or choose another model",
        )
    return path


def checkpoint_hash(config: TransferConfig, model_name: str) -> dict[str, str]:
    """Returns the sha256 of the checkpoint the configuration names, for the manifest."""
    if config.source == "url" and config.path is None and config.sha256:
        return {"checkpoint": config.sha256}
    path = locate(config, model_name)
    if path is None:
        return {}
    if not path.is_file():
        read_checkpoint(path)  # raises, saying what is wrong
    return {"checkpoint": file_hash(path)}


def apply(
    layers: list[Layer], config: TransferConfig, path: Path | None, classes: Sequence[str] = ()
) -> TransferReport:
    """Sets the weights of every layer that the checkpoint has with the same name and shapes.

    Of the last layer, the outputs of the classes that both have, where both say what they are (``match_words``).

    Args:
        layers: of the model, in order.
        config: what shall be frozen, and how many layers must be loaded at least.
        path: the checkpoint; None loads nothing.
        classes: of the model, in the order of its outputs.

    Raises:
        KwspipeError: fewer layers were loaded than ``min_loaded_fraction`` of those with weights asks for, or a
            pattern of ``freeze`` matches no layer.
    """
    arrays = read_checkpoint(path) if path else {}
    there = class_names(path) if path and config.match_words else ()
    loaded, skipped = [], {}
    words: tuple[str, ...] = ()
    with_weights = [layer for layer in layers if layer.get_weights()]
    for layer in with_weights:
        reason, taken = _load(layer, arrays, tuple(classes), there)
        words = words or taken
        if reason:
            skipped[layer.name] = reason
        else:
            loaded.append(layer.name)
    if path and len(loaded) < config.min_loaded_fraction * len(with_weights):
        first = "; ".join(f"{name}: {reason}" for name, reason in list(skipped.items())[:3])
        raise KwspipeError(
            f"transfer from {path}",
            f"only {len(loaded)} of {len(with_weights)} layers fit ({first})",
            f"at least {config.min_loaded_fraction:.0%} of the layers (transfer.min_loaded_fraction)",
            "use a checkpoint of this network (same model.alpha, model.last_block_filters), or transfer=none",
        )
    names = {layer.name for layer in layers}
    frozen = _freeze(layers, config.freeze)
    unused = tuple(sorted(set(arrays) - names))
    return TransferReport(path.name if path else None, tuple(loaded), skipped, unused, frozen, words)


def _load(
    layer: Layer, arrays: Arrays, here: tuple[str, ...], there: tuple[str, ...]
) -> tuple[str | None, tuple[str, ...]]:
    """Loads a layer, or the last one's outputs of the classes that both have; returns why not, and these classes."""
    reason = _mismatch(layer, arrays)
    if layer.name == OUTPUTS and layer.name in arrays and here and there and here != there:
        fresh = [array.copy() for array in layer.get_weights()]
        words = copy_class_outputs(fresh, arrays[layer.name], here, there)
        layer.set_weights(fresh)
        return (None if words else reason or "none of its classes is in the checkpoint"), words
    if reason is None:
        layer.set_weights(arrays[layer.name])
    return reason, ()


def _mismatch(layer: Layer, arrays: Arrays) -> str | None:
    if layer.name not in arrays:
        return "not in the checkpoint"
    wanted = [array.shape for array in layer.get_weights()]
    found = [array.shape for array in arrays[layer.name]]
    return None if wanted == found else f"shapes {found} where the model has {wanted}"


def _freeze(layers: list[Layer], patterns: tuple[str, ...]) -> tuple[str, ...]:
    frozen = []
    for pattern in patterns:
        matching = [layer for layer in layers if fnmatch.fnmatchcase(layer.name, pattern)]
        if not matching:
            raise KwspipeError(
                "transfer.freeze",
                f"{pattern!r} matches no layer",
                "layer names or patterns such as block_1_*",
                "see the names in the run's train/transfer.json",
            )
        for layer in matching:
            layer.trainable = False
            frozen.append(layer.name)
    return tuple(frozen)
