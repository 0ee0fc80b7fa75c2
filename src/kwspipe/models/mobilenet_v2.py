"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) with the layer names of the vendor's base checkpoint.

The names are a contract: checkpoints are loaded by them.
"""

from dataclasses import dataclass

import keras
from keras import layers

from kwspipe.config import MobileNetV2Config
from kwspipe.models.heads import classifier_head
from kwspipe.models.normalization import BatchNormalization

BATCH_NORM_EPSILON = 1e-3
STEM_FILTERS = 32


@dataclass(frozen=True)
class Row:
    """A row of the paper's table 2: ``repeats`` blocks, of which the first has ``first_stride``."""

    filters: int
    expansion: int
    repeats: int
    first_stride: int


ROWS = (
    Row(16, 1, 1, 1),
    Row(24, 6, 2, 2),
    Row(32, 6, 3, 2),
    Row(64, 6, 4, 2),
    Row(96, 6, 3, 1),
    Row(160, 6, 3, 2),
    Row(320, 6, 1, 1),
)


def make_divisible(value: float, divisor: int = 8) -> int:
    """Rounds to a multiple of ``divisor``, at least that and at most 10 % below ``value``."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * value else rounded + divisor


def build(config: MobileNetV2Config, input_shape: tuple[int, ...], num_classes: int) -> keras.Model:
    """Builds the network.

    Args:
        config: width, last block and BatchNorm momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """

    def norm(name: str) -> layers.Layer:
        return BatchNormalization(epsilon=BATCH_NORM_EPSILON, momentum=config.batch_norm_momentum, name=name)

    inputs = keras.Input((*input_shape, 1), name="input_1")
    stem_filters = make_divisible(STEM_FILTERS * config.alpha)
    x = layers.Conv2D(stem_filters, 3, strides=2, padding="same", use_bias=False, name="Conv1")(inputs)
    x = norm("bn_Conv1")(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    number = 0
    for row in ROWS:
        for repeat in range(row.repeats):
            prefix = f"block_{number}_" if number else "expanded_conv_"
            filters = make_divisible(int(row.filters * config.alpha))
            stride = row.first_stride if repeat == 0 else 1
            x = _inverted_residual(x, prefix, filters, row.expansion, stride, norm)
            number += 1
    x = layers.Conv2D(config.last_block_filters, 1, use_bias=False, name="Conv_1")(x)
    x = norm("Conv_1_bn")(x)
    x = layers.ReLU(6.0, name="out_relu")(x)
    return classifier_head(inputs, x, num_classes, config.name)


def _inverted_residual(x, prefix, filters, expansion, stride, norm):  # type: ignore[no-untyped-def]
    """Expands, filters by channel and projects; adds the input where shapes allow."""
    inputs = x
    channels = x.shape[-1]
    if expansion > 1:
        x = layers.Conv2D(expansion * channels, 1, use_bias=False, name=f"{prefix}expand")(x)
        x = norm(f"{prefix}expand_BN")(x)
        x = layers.ReLU(6.0, name=f"{prefix}expand_relu")(x)
    if stride == 2:
        # One row or column more on the far side; on the near side only where the size is odd, so
        # that the window's centres fall where the checkpoint was trained to have them.
        near_far = tuple((size % 2, 1) for size in x.shape[1:3])
        x = layers.ZeroPadding2D(near_far, name=f"{prefix}pad")(x)
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        use_bias=False,
        padding="same" if stride == 1 else "valid",
        name=f"{prefix}depthwise",
    )(x)
    x = norm(f"{prefix}depthwise_BN")(x)
    x = layers.ReLU(6.0, name=f"{prefix}depthwise_relu")(x)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{prefix}project")(x)
    x = norm(f"{prefix}project_BN")(x)
    if stride == 1 and channels == filters:
        x = layers.Add(name=f"{prefix}add")([inputs, x])
    return x
