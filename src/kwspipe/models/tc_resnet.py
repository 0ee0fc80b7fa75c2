"""TC-ResNet (Choi et al. 2019, arXiv:1904.03814): residual convolutions over time.

The channels of the front end are the input channels of the first convolution. Every kernel therefore covers all
frequencies, and the maps have one column and as many rows as the clip has frames. Such a network consists of few large
matrix products instead of many small ones. It trains several times as fast as two-dimensional depthwise convolutions
with the same number of multiply-accumulates.
"""

from typing import Any

from kwspipe.config import TcResNetConfig
from kwspipe.models.heads import classifier_head, time_input

FIRST_KERNEL_FRAMES = 3


def build(config: TcResNetConfig, input_shape: tuple[int, ...], num_classes: int, layers: Any) -> Any:
    """Builds the network.

    Args:
        config: filters of the first convolution and of each block, kernel size of the blocks in frames, BatchNorm
            momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.
        layers: ``keras_layers`` or a ``ShapeTracer``.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    inputs, x = time_input(layers, input_shape)
    first, *blocks = config.filters
    x = _convolution(layers, x, first, FIRST_KERNEL_FRAMES, 1, config, "stem")
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for number, filters in enumerate(blocks):
        x = _block(layers, x, filters, config, f"block_{number}")
    return classifier_head(layers, inputs, x, num_classes, config.name)


def _block(layers: Any, x: Any, filters: int, config: TcResNetConfig, name: str) -> Any:
    """Adds two convolutions that halve the number of frames; the shortcut is a convolution of one frame."""
    shortcut = _convolution(layers, x, filters, 1, 2, config, f"{name}_shortcut")
    shortcut = layers.ReLU(6.0, name=f"{name}_shortcut_relu")(shortcut)
    x = _convolution(layers, x, filters, config.kernel_frames, 2, config, f"{name}_first")
    x = layers.ReLU(6.0, name=f"{name}_first_relu")(x)
    x = _convolution(layers, x, filters, config.kernel_frames, 1, config, f"{name}_second")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _convolution(
    layers: Any, x: Any, filters: int, frames: int, stride: int, config: TcResNetConfig, name: str
) -> Any:
    x = layers.Conv2D(filters, (frames, 1), (stride, 1), padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(momentum=config.batch_norm_momentum, name=f"{name}_BN")(x)
