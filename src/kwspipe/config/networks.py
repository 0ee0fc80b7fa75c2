"""Configuration of the networks."""

from typing import Annotated, Literal

from pydantic import Field

from kwspipe.config.types import Count, typed


@typed
class MobileNetV2Config:
    """Inverted residual blocks in two dimensions, the network of the vendor's base checkpoint."""

    name: Literal["mobilenet_v2"]
    alpha: Annotated[float, Field(gt=0, le=2)]
    last_block_filters: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


@typed
class TcResNetConfig:
    """Residual convolutions over time, with the front end's channels as channels."""

    name: Literal["tc_resnet"]
    filters: Annotated[tuple[Count, ...], Field(min_length=2)]
    kernel_frames: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


@typed
class DsCnnConfig:
    """Depthwise separable convolutions, all of one width."""

    name: Literal["ds_cnn"]
    filters: Count
    blocks: Count
    first_stride: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


@typed
class MatchboxNetConfig:
    """Residual blocks of separable convolutions over time."""

    name: Literal["matchboxnet"]
    filters: Annotated[tuple[Count, ...], Field(min_length=1)]
    blocks: Count
    layers_per_block: Count
    kernel_frames: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


# The name of the model says which of them a mapping is.
ModelConfig = Annotated[
    MobileNetV2Config | TcResNetConfig | MatchboxNetConfig | DsCnnConfig, Field(discriminator="name")
]
