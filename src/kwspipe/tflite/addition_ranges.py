"""Correction of the quantization ranges of addition inputs, which the converter measures wrongly.

If only an addition reads a map, TensorFlow Lite writes the sum into the memory of that map. The converter's calibration
reads the inputs of an operator after the operator has run. It therefore includes the sum in the range of the map. The
rounding of a residual branch is then two to four times as coarse as necessary (MobileNetV2, TensorFlow 2.21).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite as schema

from kwspipe.errors import KwspipeError
from kwspipe.tflite.reader import read_graph

INT8_MIN, INT8_MAX = -128, 127
Range = tuple[float, float]


def correct_addition_inputs(
    int8_model: bytes, float_model: bytes, calibration: npt.NDArray[np.int8]
) -> bytes:
    """Returns the int8 model with a measured range for each map that only an addition reads.

    No other constant of the model depends on these ranges. The scale of a convolution's bias, for example, depends on
    the scale of the convolution's input.

    Args:
        int8_model: .tflite by the converter.
        float_model: the same network in float32.
        calibration: (clips, frames, channels) int8 features.

    Raises:
        KwspipeError: the two models have different additions.
    """
    inputs = _addition_inputs(int8_model)
    ranges = _measured_ranges(float_model, _addition_inputs(float_model), calibration)
    if len(ranges) != len(inputs):
        raise KwspipeError(
            "quantize",
            f"additions have {len(inputs)} inputs of their own in the int8 model and {len(ranges)} in the float model",
            "equal numbers",
            "install the release of TensorFlow in constraints.txt, for which this conversion was written",
        )
    quantization = {}
    for tensor, (low, high) in zip(inputs, ranges, strict=True):
        if low == high:  # all values are zero, which any scale represents
            continue
        scale = (high - low) / (INT8_MAX - INT8_MIN)
        quantization[tensor] = scale, INT8_MIN + round(-low / scale)
    return with_quantization(int8_model, quantization)


def with_quantization(model: bytes, tensors: Mapping[int, tuple[float, int]]) -> bytes:
    """Returns the model with another scale and zero point for some tensors.

    Operators read the scales of their inputs and outputs from the tensors. No other part of the file must change.

    Args:
        model: int8 .tflite.
        tensors: (scale, zero point) by index of the tensor.
    """
    changed = bytearray(model)
    graph = schema.Model.GetRootAs(changed).Subgraphs(0)
    for tensor, (scale, zero_point) in tensors.items():
        quantization = graph.Tensors(tensor).Quantization()
        quantization.ScaleAsNumpy()[0], quantization.ZeroPointAsNumpy()[0] = scale, zero_point
    return bytes(changed)


def _addition_inputs(model: bytes) -> list[int]:
    """Returns the indices of the maps that only an addition reads, in the order of the operators."""
    operators = read_graph(model).operators
    inputs = [(operator.kind, tensor.index) for operator in operators for tensor in operator.inputs if tensor]
    computed = {tensor.index for operator in operators for tensor in operator.outputs}
    readers = Counter(tensor for _, tensor in inputs)
    return [
        tensor for kind, tensor in inputs if kind == "ADD" and tensor in computed and readers[tensor] == 1
    ]


def _measured_ranges(model: bytes, tensors: Sequence[int], calibration: npt.NDArray[np.int8]) -> list[Range]:
    """Returns the smallest and the largest value of each map over the clips; each range includes zero."""
    import tensorflow as tf

    # With memory of its own for each map, additions do not overwrite their inputs.
    interpreter = tf.lite.Interpreter(model_content=model, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    ranges: list[Any] = [(0.0, 0.0)] * len(tensors)
    for clip in calibration:
        interpreter.set_tensor(source, clip[None, ..., None].astype(np.float32))
        interpreter.invoke()
        maps = [interpreter.get_tensor(tensor) for tensor in tensors]
        ranges = [
            (min(low, float(values.min())), max(high, float(values.max())))
            for (low, high), values in zip(ranges, maps, strict=True)
        ]
    return ranges
