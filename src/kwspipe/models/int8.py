"""A network that computes as it will in int8: trained so, it makes up for what rounding costs (quantization-aware).

Kernels and maps are rounded where the converter rounds them, and gradients pass the rounding by (Jacob et al. 2018,
arXiv:1712.05877, section 3). BatchNorm's statistics stay as they are: on the device they are part of the kernels.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from kwspipe.models.layer_names import OUTPUTS

Range = tuple[float, float]
CLIPS_A_BATCH = 64
JOINED = layers.BatchNormalization, layers.ReLU  # computed with the layer before
ROUNDED = layers.Conv2D, layers.DepthwiseConv2D, layers.Add, layers.GlobalAveragePooling2D, *JOINED


class Int8Kernel(layers.Layer):
    """A convolution, its kernel rounded to -127 to 127 by a scale for each output channel.

    The scale is a channel's own, so rounding before BatchNorm or, as the converter does, with it comes to the same.

    Args:
        convolution: built; its variables are shared.
    """

    def __init__(self, convolution: layers.Layer) -> None:
        super().__init__(name=convolution.name)
        self.shared = convolution

    def call(self, inputs: Any) -> Any:
        """Returns the maps."""
        kernel = self.shared.kernel
        by_channel = kernel.value
        if isinstance(self.shared, layers.DepthwiseConv2D):  # (rows, columns, channels, 1)
            by_channel = tf.squeeze(by_channel, -1)
        rounded = tf.reshape(_rounded_by_channel(by_channel), kernel.shape)
        with keras.StatelessScope([(kernel, rounded)]):
            return self.shared.call(inputs)


class Int8Outputs(layers.Layer):
    """The fully connected layer that ends in a softmax, its kernel and what the softmax is given rounded.

    Args:
        outputs: built; its variables are shared.
        given: range of what the softmax is given.
    """

    def __init__(self, outputs: layers.Dense, given: Range) -> None:
        super().__init__(name=outputs.name, dtype="float32")
        self.shared, self.given = outputs, given

    def call(self, inputs: Any) -> Any:
        """Returns posteriors (clips, classes)."""
        kernel = _rounded_by_channel(self.shared.kernel.value)
        sums = tf.matmul(inputs, kernel) + self.shared.bias.value
        return self.shared.activation(_rounded(sums, self.given))


class Int8Values(layers.Layer):
    """Rounds values to 256 steps of a range; what lies beyond becomes the nearest of them."""

    def __init__(self, span: Range, name: str) -> None:
        super().__init__(name=name)
        self.span = span

    def call(self, inputs: Any) -> Any:
        """Returns the values."""
        return _rounded(inputs, self.span)


class FrozenStatistics(layers.Layer):
    """BatchNorm by the statistics that it has, in training too; its scale and offset are trained.

    Args:
        normalization: built; its variables are shared.
    """

    def __init__(self, normalization: layers.BatchNormalization) -> None:
        super().__init__(name=normalization.name)
        self.shared = normalization

    def call(self, inputs: Any) -> Any:
        """Returns the normalized maps."""
        return self.shared.call(inputs, training=False)


def as_int8(model: keras.Model, features: npt.NDArray[np.int8]) -> keras.Model:
    """Returns a model that shares the variables and computes as in int8; the given one stays as it is.

    Args:
        model: of ``kwspipe.models``, with the weights that training starts from.
        features: of clips, (clips, frames, channels), from which the ranges of the maps are measured, once.

    Returns:
        A model of the same inputs, outputs and names of layers.
    """
    ranges = _ranges(model, features)

    def shared(layer: layers.Layer) -> layers.Layer:
        if isinstance(layer, layers.BatchNormalization):
            return FrozenStatistics(layer)
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            return Int8Kernel(layer)
        if layer.name == OUTPUTS:
            return Int8Outputs(layer, ranges[layer.name])
        # A layer of two models has no one output any more, by which others find it: so those without variables are new.
        return layer if layer.weights else type(layer).from_config(layer.get_config())

    def called(layer: layers.Layer, *inputs: Any, **_: Any) -> Any:
        values = layer(*inputs)  # without the options: there is only BatchNorm's mask, which is None
        if layer.name in ranges and not isinstance(layer, Int8Outputs):
            values = Int8Values(ranges[layer.name], f"{layer.name}_int8")(values)
        return values

    return keras.models.clone_model(model, clone_function=shared, call_function=called)


def _ranges(model: keras.Model, features: npt.NDArray[np.int8]) -> dict[str, Range]:
    """Returns, by name of the layer, the range of the values that the converter rounds after it.

    What BatchNorm or a ReLU follows is not rounded before it: the device computes both at once.
    """
    joined = {id(layer.input) for layer in model.layers if isinstance(layer, JOINED)}
    values = {
        layer.name: layer.output
        for layer in model.layers
        if isinstance(layer, ROUNDED) and id(layer.output) not in joined
    }
    outputs = model.get_layer(OUTPUTS)
    sums = layers.Dense(outputs.units)
    values[OUTPUTS] = sums(outputs.input)
    sums.set_weights(outputs.get_weights())
    clips = features[..., None].astype(np.float32)
    measured = keras.Model(model.input, values).predict(clips, batch_size=CLIPS_A_BATCH, verbose=0)
    # Zero is in every range, as in the converter's, so that it stays zero.
    return {
        name: (float(min(found.min(), 0)), float(max(found.max(), 0))) for name, found in measured.items()
    }


def _rounded(values: Any, span: Range) -> Any:
    return tf.quantization.fake_quant_with_min_max_args(values, *span)


def _rounded_by_channel(kernel: Any) -> Any:
    """Rounds a kernel (..., channels) to -127 to 127, a scale a channel."""
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), axis=tuple(range(len(kernel.shape) - 1))))
    largest = tf.maximum(largest, 1e-9)  # of a channel of zeros
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -largest, largest, narrow_range=True
    )
