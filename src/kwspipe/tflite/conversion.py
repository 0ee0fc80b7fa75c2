"""Conversion of Keras models to .tflite: the float model for comparison and the int8 model for deployment."""

from typing import Any

import numpy as np

from kwspipe.errors import KwspipeError
from kwspipe.tflite.addition_ranges import INT8_MAX, INT8_MIN, correct_addition_inputs, with_quantization
from kwspipe.tflite.reader import read_graph

SOFTMAX_SCALE = 1 / 256  # of every int8 softmax in TensorFlow Lite


def to_float(model: Any) -> bytes:
    """Converts a Keras model to a float32 .tflite."""
    return bytes(_converter(model).convert())


def to_int8(model: Any, float_model: bytes, calibration: np.ndarray) -> bytes:
    """Converts a Keras model to a .tflite with int8 operators, input and output.

    Args:
        model: Keras model on (clips, frames, channels, 1).
        float_model: the same model, converted by ``to_float``.
        calibration: (clips, frames, channels) int8 features of training clips. They must contain both -128 and 127.
            The input then has scale 1 and zero point 0, and a device writes its features into it without conversion.

    Raises:
        KwspipeError: the features do not contain both limits, or the input has another quantization.
    """
    import tensorflow as tf

    low, high = int(calibration.min()), int(calibration.max())
    if (low, high) != (INT8_MIN, INT8_MAX):
        raise KwspipeError(
            "quantize.representative_clips",
            f"the features of {len(calibration)} training clips range from {low} to {high}",
            f"features that range from {INT8_MIN} to {INT8_MAX}",
            "increase quantize.representative_clips, or check the level of the recordings",
        )
    converter = _converter(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [clip[None, ..., None].astype(np.float32)] for clip in calibration
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converted = correct_addition_inputs(converter.convert(), float_model, calibration)
    converted = _with_softmax_scale(converted)
    scale, zero_point = input_quantization(converted)
    if (scale, zero_point) != (1.0, 0):
        raise KwspipeError(
            "quantize",
            f"the input of the converted model has scale {scale} and zero point {zero_point}",
            "scale 1 and zero point 0",
            "check that the calibration features are int8",
        )
    return converted


def _with_softmax_scale(model: bytes) -> bytes:
    """Returns the model with the scale and the zero point of a softmax at its output.

    If the last operator adds the posteriors of classes with the same label (``models/merged_classes.py``), the
    converter derives the scale from the largest sum of the calibration clips. The unit of the detector's thresholds
    would then be different for each model.
    """
    (output,) = read_graph(model).outputs
    return with_quantization(model, {output.index: (SOFTMAX_SCALE, INT8_MIN)})


def input_quantization(model: bytes) -> tuple[float, int]:
    """Returns (scale, zero point) of the first input of a .tflite."""
    import tensorflow as tf

    detail = tf.lite.Interpreter(model_content=model).get_input_details()[0]
    scale, zero_point = detail["quantization"]
    return float(scale), int(zero_point)


def _converter(model: Any) -> Any:
    """Returns a converter of the model for batches of one clip."""
    import tensorflow as tf

    # The conversion of a concrete function is several times as fast as that of the Keras model.
    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda features: model(features, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="features"))
    # Without a trackable object the converter freezes variables into constants, which calibration requires.
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete])
