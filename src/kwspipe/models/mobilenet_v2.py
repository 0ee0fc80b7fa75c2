"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) with the layer names of the vendor's base checkpoint.

Checkpoints are loaded by layer name. The names must therefore not change.
"""

from dataclasses import dataclass
from typing import Any

from kwspipe.config import MobileNetV2Config
from kwspipe.models.heads import classifier_head

BATCH_NORM_EPSILON = 1e-3
STEM_FILTERS = 32


@dataclass(frozen=True)
class Row:
    """A row of the paper's table 2: ``repeats`` blocks, of which the first has the stride ``first_stride``."""

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
    """Rounds to a multiple of ``divisor`` that is not more than 10 % below ``value``."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * value else rounded + divisor


def build(config: MobileNetV2Config, input_shape: tuple[int, ...], num_classes: int, layers: Any) -> Any:
    """Builds the network.

    Args:
        config: width factor, filters of the last block, BatchNorm momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.
        layers: ``keras_layers`` or a ``ShapeTracer``.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    block = _Block(layers, config.batch_norm_momentum)
    inputs = layers.Input((*input_shape, 1), name="input_1")
    stem_filters = make_divisible(STEM_FILTERS * config.alpha)
    x = layers.Conv2D(stem_filters, 3, strides=2, padding="same", use_bias=False, name="Conv1")(inputs)
    x = block.normalized(x, "bn_Conv1")
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    number = 0
    for row in ROWS:
        for repeat in range(row.repeats):
            prefix = f"block_{number}_" if number else "expanded_conv_"
            filters = make_divisible(int(row.filters * config.alpha))
            stride = row.first_stride if repeat == 0 else 1
            x = block.inverted_residual(x, prefix, filters, row.expansion, stride)
            number += 1
    x = layers.Conv2D(config.last_block_filters, 1, use_bias=False, name="Conv_1")(x)
    x = block.normalized(x, "Conv_1_bn")
    x = layers.ReLU(6.0, name="out_relu")(x)
    return classifier_head(layers, inputs, x, num_classes, config.name)


@dataclass(frozen=True)
class _Block:
    """Builder of the network's blocks."""

    layers: Any
    momentum: float

    def normalized(self, x: Any, name: str) -> Any:
        normalization = self.layers.BatchNormalization(
            epsilon=BATCH_NORM_EPSILON, momentum=self.momentum, name=name
        )
        return normalization(x)

    def inverted_residual(self, x: Any, prefix: str, filters: int, expansion: int, stride: int) -> Any:
        """Adds expansion, depthwise convolution and projection; adds the input where the shapes are equal."""
        layers, inputs = self.layers, x
        channels = x.shape[-1]
        if expansion > 1:
            x = layers.Conv2D(expansion * channels, 1, use_bias=False, name=f"{prefix}expand")(x)
            x = self.normalized(x, f"{prefix}expand_BN")
            x = layers.ReLU(6.0, name=f"{prefix}expand_relu")(x)
        if stride == 2:
            # One more row or column at the end, and at the start only where the size is odd. The windows' centres
            # are then those that the vendor's checkpoint was trained with.
            start_end = tuple((size % 2, 1) for size in x.shape[1:3])
            x = layers.ZeroPadding2D(start_end, name=f"{prefix}pad")(x)
        x = layers.DepthwiseConv2D(
            3,
            strides=stride,
            use_bias=False,
            padding="same" if stride == 1 else "valid",
            name=f"{prefix}depthwise",
        )(x)
        x = self.normalized(x, f"{prefix}depthwise_BN")
        x = layers.ReLU(6.0, name=f"{prefix}depthwise_relu")(x)
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{prefix}project")(x)
        x = self.normalized(x, f"{prefix}project_BN")
        if stride == 1 and channels == filters:
            x = layers.Add(name=f"{prefix}add")([inputs, x])
        return x
