"""DS-CNN (Zhang et al. 2017, "Hello Edge", arXiv:1711.07128): depthwise separable convolutions of equal width."""

from typing import Any

from kwspipe.config import DsCnnConfig
from kwspipe.models.heads import classifier_head

FIRST_KERNEL = (10, 4)  # frames and channels, as in the paper


def build(config: DsCnnConfig, input_shape: tuple[int, ...], num_classes: int, layers: Any) -> Any:
    """Builds the network.

    Args:
        config: filters of every layer, number of blocks, stride of the first convolution, BatchNorm momentum.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.
        layers: ``keras_layers`` or a ``ShapeTracer``.

    Returns:
        A model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """

    def normalized(x: Any, name: str) -> Any:
        x = layers.BatchNormalization(momentum=config.batch_norm_momentum, name=f"{name}_BN")(x)
        return layers.ReLU(6.0, name=f"{name}_relu")(x)

    inputs = layers.Input((*input_shape, 1), name="features")
    stem = layers.Conv2D(
        config.filters, FIRST_KERNEL, config.first_stride, padding="same", use_bias=False, name="stem"
    )
    x = normalized(stem(inputs), "stem")
    for number in range(config.blocks):
        name = f"block_{number}"
        depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")
        x = normalized(depthwise(x), f"{name}_depthwise")
        project = layers.Conv2D(config.filters, 1, use_bias=False, name=f"{name}_project")
        x = normalized(project(x), f"{name}_project")
    return classifier_head(layers, inputs, x, num_classes, config.name)
