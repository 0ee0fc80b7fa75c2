"""From a Keras model to .tflite files: a float one to measure against, and the int8 one that is deployed."""

from typing import Any

import numpy as np

from kwspipe.errors import KwspipeError
from kwspipe.tflite.ranges import INT8_MAX, INT8_MIN, rescaled, with_ranges_of_summands
from kwspipe.tflite.reader import read_graph

SOFTMAX_SCALE = 1 / 256  # TensorFlow Lite's, of every softmax in int8


def to_float(model: Any) -> bytes:
    """Converts the model as it is, in float32."""
    return bytes(_converter(model).convert())


def to_int8(model: Any, float_model: bytes, representative: np.ndarray) -> bytes:
    """Converts the model to int8 throughout, input and output too.

    Args:
        model: Keras model on (clips, frames, channels, 1).
        float_model: what ``to_float`` makes of it.
        representative: int8 features of training clips, (clips, frames, channels); they must reach both ends of the
            range: then the input's scale is 1 and its zero point 0, and a device writes its features straight in.

    Raises:
        KwspipeError: the representative clips do not reach both ends, or the input's quantization is another.
    """
    import tensorflow as tf

    low, high = int(representative.min()), int(representative.max())
    if (low, high) != (INT8_MIN, INT8_MAX):
        raise KwspipeError(
            "quantize.representative_clips",
            f"the features of {len(representative)} training clips span {low} to {high}",
            f"features that reach both {INT8_MIN} and {INT8_MAX}",
            "take more clips, or check the level of the recordings",
        )
    converter = _converter(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [clip[None, ..., None].astype(np.float32)] for clip in representative
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converted = with_ranges_of_summands(converter.convert(), float_model, representative)
    converted = _posteriors_in_256ths(converted)
    scale, zero_point = input_quantization(converted)
    if (scale, zero_point) != (1.0, 0):
        raise KwspipeError(
            "quantize",
            f"the converted model's input has scale {scale} and zero point {zero_point}",
            "scale 1 and zero point 0",
            "check that the representative clips are int8 features",
        )
    return converted


def _posteriors_in_256ths(model: bytes) -> bytes:
    """Gives the output the scale and zero point that a softmax has, whatever the representative clips reached.

    Where the last operator adds up the posteriors of classes that are one label (``models/ends.py``), the converter
    measures the largest sum, and a detector's thresholds would mean another thing for each model.
    """
    (output,) = read_graph(model).outputs
    return rescaled(model, {output.index: (SOFTMAX_SCALE, INT8_MIN)})


def input_quantization(model: bytes) -> tuple[float, int]:
    """Returns (scale, zero point) of a .tflite's first input."""
    import tensorflow as tf

    detail = tf.lite.Interpreter(model_content=model).get_input_details()[0]
    scale, zero_point = detail["quantization"]
    return float(scale), int(zero_point)


def _converter(model: Any) -> Any:
    """A concrete function of batch 1 converts several times faster than a Keras model handed over whole."""
    import tensorflow as tf

    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda features: model(features, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="features"))
    # Without a trackable object the variables are frozen into constants, which calibration needs.
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete])
