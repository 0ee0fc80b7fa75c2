"""MatchboxNet (Majumdar and Ginsburg 2020, arXiv:2004.08531): residual blocks of separable convolutions over time.

The channels of the front end are the channels of the first convolution, as in ``tc_resnet``. A convolution is then
taken apart into one over time, channel by channel, and one over channels, frame by frame, which leaves room for more
layers and wider ones at the same cost. Frames are halved twice, which the paper does not, to stay within the budget.
"""

import keras
from keras import layers

from kwspipe.config import MatchboxNetConfig
from kwspipe.models.heads import classifier_head, time_input
from kwspipe.models.normalization import BatchNormalization

STEM_FRAMES = 3


def build(config: MatchboxNetConfig, input_shape: tuple[int, ...], num_classes: int) -> keras.Model:
    """Builds the network.

    Args:
        config: filters of each half of the network, residual blocks of each, layers of a block, frames of the
            kernels, BatchNorm momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    inputs, x = time_input(input_shape)
    first = config.filters[0]
    stem = layers.Conv2D(first, (STEM_FRAMES, 1), (2, 1), padding="same", use_bias=False, name="stem")
    x = _normalized(stem(x), config, "stem")
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for half, filters in enumerate(config.filters):
        for number in range(config.blocks):
            stride = 2 if half and not number else 1
            x = _block(x, filters, stride, config, f"half_{half}_block_{number}")
    return classifier_head(inputs, x, num_classes, config.name)


def _block(x, filters: int, stride: int, config: MatchboxNetConfig, name: str):  # type: ignore[no-untyped-def]
    """Separable convolutions in a row; the shortcut is the input, or a convolution of one frame where shapes differ."""
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        convolution = layers.Conv2D(filters, 1, (stride, 1), use_bias=False, name=f"{name}_shortcut")
        shortcut = _normalized(convolution(x), config, f"{name}_shortcut")
    for number in range(config.layers_per_block):
        prefix = f"{name}_{number}"
        x = layers.DepthwiseConv2D(
            (config.kernel_frames, 1),
            (stride if number == 0 else 1,) * 2,  # Keras wants both alike; the maps are one column wide
            padding="same",
            use_bias=False,
            name=f"{prefix}_depthwise",
        )(x)
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{prefix}_pointwise")(x)
        x = _normalized(x, config, prefix)
        if number < config.layers_per_block - 1:
            x = layers.ReLU(6.0, name=f"{prefix}_relu")(x)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _normalized(x, config: MatchboxNetConfig, name: str):  # type: ignore[no-untyped-def]
    return BatchNormalization(momentum=config.batch_norm_momentum, name=f"{name}_BN")(x)
