"""TC-ResNet (Choi et al. 2019, arXiv:1904.03814): residual convolutions over time alone.

The channels of the front end are the channels of the first convolution, so that every kernel sees all frequencies
and the maps are as long as the clip has frames and one wide. That is few, large matrix products in place of many small
ones: it trains several times as fast as two-dimensional depthwise convolutions with as many multiply-accumulates.
"""

import keras
from keras import layers

from kwspipe.config import TcResNetConfig
from kwspipe.models.heads import classifier_head, time_input
from kwspipe.models.normalization import BatchNormalization

FIRST_KERNEL_FRAMES = 3


def build(config: TcResNetConfig, input_shape: tuple[int, ...], num_classes: int) -> keras.Model:
    """Builds the network.

    Args:
        config: filters of the first convolution and of each block, frames of the blocks' kernels, BatchNorm momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    inputs, x = time_input(input_shape)
    first, *blocks = config.filters
    x = _convolution(x, first, FIRST_KERNEL_FRAMES, 1, config.batch_norm_momentum, "stem")
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for number, filters in enumerate(blocks):
        x = _block(x, filters, config, f"block_{number}")
    return classifier_head(inputs, x, num_classes, config.name)


def _block(x, filters: int, config: TcResNetConfig, name: str):  # type: ignore[no-untyped-def]
    """Halves the frames; the shortcut is a convolution of one frame."""
    momentum = config.batch_norm_momentum
    shortcut = _convolution(x, filters, 1, 2, momentum, f"{name}_shortcut")
    shortcut = layers.ReLU(6.0, name=f"{name}_shortcut_relu")(shortcut)
    x = _convolution(x, filters, config.kernel_frames, 2, momentum, f"{name}_first")
    x = layers.ReLU(6.0, name=f"{name}_first_relu")(x)
    x = _convolution(x, filters, config.kernel_frames, 1, momentum, f"{name}_second")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _convolution(x, filters: int, frames: int, stride: int, momentum: float, name: str):  # type: ignore[no-untyped-def]
    x = layers.Conv2D(filters, (frames, 1), (stride, 1), padding="same", use_bias=False, name=name)(x)
    return BatchNormalization(momentum=momentum, name=f"{name}_BN")(x)
