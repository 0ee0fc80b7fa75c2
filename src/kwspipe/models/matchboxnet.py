"""MatchboxNet (Majumdar and Ginsburg 2020, arXiv:2004.08531): residual blocks of separable convolutions over time.

The channels of the front end are the input channels of the first convolution, as in ``tc_resnet``. Each further
convolution is separated into a depthwise one over time and a pointwise one over channels. At the same cost, this
allows more and wider layers. Unlike in the paper, the number of frames is halved twice to stay within the budget.
"""

from typing import Any

from kwspipe.config import MatchboxNetConfig
from kwspipe.models.heads import classifier_head, time_input

STEM_FRAMES = 3


def build(config: MatchboxNetConfig, input_shape: tuple[int, ...], num_classes: int, layers: Any) -> Any:
    """Builds the network.

    Args:
        config: filters of each half of the network, residual blocks per half, layers per block, kernel size in
            frames, BatchNorm momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.
        layers: ``keras_layers`` or a ``ShapeTracer``.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    inputs, x = time_input(layers, input_shape)
    first = config.filters[0]
    stem = layers.Conv2D(first, (STEM_FRAMES, 1), (2, 1), padding="same", use_bias=False, name="stem")
    x = _normalized(layers, stem(x), config, "stem")
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for half, filters in enumerate(config.filters):
        for number in range(config.blocks):
            stride = 2 if half and not number else 1
            x = _block(layers, x, filters, stride, config, f"half_{half}_block_{number}")
    return classifier_head(layers, inputs, x, num_classes, config.name)


def _block(layers: Any, x: Any, filters: int, stride: int, config: MatchboxNetConfig, name: str) -> Any:
    """Adds separable convolutions and a shortcut; where shapes differ, the shortcut is a convolution of one frame."""
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        convolution = layers.Conv2D(filters, 1, (stride, 1), use_bias=False, name=f"{name}_shortcut")
        shortcut = _normalized(layers, convolution(x), config, f"{name}_shortcut")
    for number in range(config.layers_per_block):
        prefix = f"{name}_{number}"
        x = layers.DepthwiseConv2D(
            (config.kernel_frames, 1),
            (stride if number == 0 else 1,) * 2,  # Keras requires equal strides; the maps have one column
            padding="same",
            use_bias=False,
            name=f"{prefix}_depthwise",
        )(x)
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{prefix}_pointwise")(x)
        x = _normalized(layers, x, config, prefix)
        if number < config.layers_per_block - 1:
            x = layers.ReLU(6.0, name=f"{prefix}_relu")(x)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _normalized(layers: Any, x: Any, config: MatchboxNetConfig, name: str) -> Any:
    return layers.BatchNormalization(momentum=config.batch_norm_momentum, name=f"{name}_BN")(x)
