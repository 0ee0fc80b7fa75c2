"""Ranges of maps that the converter measures wrongly: those that only an addition reads.

TensorFlow Lite adds into the memory of the map that it reads, where nothing else needs the map. The converter's
calibration looks at what an operator has read when it has run, and takes the sum's range for the map's besides: a
residual branch is then rounded two to four times as coarsely as it has to be (MobileNetV2, TensorFlow 2.21).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite as schema

from kwspipe.errors import KwspipeError

INT8_MIN, INT8_STEPS = -128, 255
Range = tuple[float, float]


def with_ranges_of_summands(
    int8_model: bytes, float_model: bytes, representative: npt.NDArray[np.int8]
) -> bytes:
    """Returns the int8 model, each map that only an addition reads scaled to its own range.

    Of the operators that make or read such a map, each computes by the scale that is written there: nothing else has
    to change. The bias of a convolution depends on the scale of what it reads, hence not on these.

    Args:
        int8_model: .tflite by the converter.
        float_model: the same network in float32.
        representative: int8 features of clips, (clips, frames, channels).

    Raises:
        KwspipeError: the two do not have the same additions.
    """
    changed = bytearray(int8_model)
    graph = schema.Model.GetRootAsModel(changed).Subgraphs(0)
    summands = _summands(changed)
    ranges = _measured(float_model, _summands(float_model), representative)
    if len(ranges) != len(summands):
        raise KwspipeError(
            "quantize",
            f"the int8 model adds {len(summands)} maps and the float one {len(ranges)}",
            "as many of both",
            "this release of TensorFlow converts otherwise than the one that is pinned: install that",
        )
    for tensor, (low, high) in zip(summands, ranges, strict=True):
        if low == high:  # nothing but zeros, which any scale holds
            continue
        quantization = graph.Tensors(tensor).Quantization()
        scale = (high - low) / INT8_STEPS
        quantization.ScaleAsNumpy()[0] = scale
        quantization.ZeroPointAsNumpy()[0] = INT8_MIN + round(-low / scale)
    return bytes(changed)


def _summands(model: bytes | bytearray) -> list[int]:
    """Returns the numbers of the maps that an addition reads and nothing else, in the order of the operators."""
    file = schema.Model.GetRootAsModel(model)
    graph = file.Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    made = {tensor for operator in operators for tensor in operator.OutputsAsNumpy()}
    read = Counter(tensor for operator in operators for tensor in operator.InputsAsNumpy())
    return [
        int(tensor)
        for operator in operators
        if file.OperatorCodes(operator.OpcodeIndex()).BuiltinCode() == schema.BuiltinOperator.ADD
        for tensor in operator.InputsAsNumpy()
        if tensor in made and read[tensor] == 1
    ]


def _measured(model: bytes, tensors: Sequence[int], representative: npt.NDArray[np.int8]) -> list[Range]:
    """Returns the smallest and the largest value of each map over the clips; zero is always between them."""
    import tensorflow as tf

    # Each map keeps a memory of its own, so that none is added into.
    interpreter = tf.lite.Interpreter(model_content=model, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    ranges: list[Any] = [(0.0, 0.0)] * len(tensors)
    for clip in representative:
        interpreter.set_tensor(source, clip[None, ..., None].astype(np.float32))
        interpreter.invoke()
        maps = [interpreter.get_tensor(tensor) for tensor in tensors]
        ranges = [
            (min(low, float(values.min())), max(high, float(values.max())))
            for (low, high), values in zip(ranges, maps, strict=True)
        ]
    return ranges
