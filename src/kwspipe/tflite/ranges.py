"""Ranges of maps that the converter measures wrongly: those that only an addition reads.

TensorFlow Lite adds into the memory of the map that it reads, where nothing else needs the map. The converter's
calibration looks at what an operator has read when it has run, and takes the sum's range for the map's besides: a
residual branch is then rounded two to four times as coarsely as it has to be (MobileNetV2, TensorFlow 2.21).
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


def with_ranges_of_summands(
    int8_model: bytes, float_model: bytes, representative: npt.NDArray[np.int8]
) -> bytes:
    """Returns the int8 model, each map that only an addition reads scaled to its own range.

    The bias of a convolution depends on the scale of what it reads, hence not on these.

    Args:
        int8_model: .tflite by the converter.
        float_model: the same network in float32.
        representative: int8 features of clips, (clips, frames, channels).

    Raises:
        KwspipeError: the two do not have the same additions.
    """
    summands = _summands(int8_model)
    ranges = _measured(float_model, _summands(float_model), representative)
    if len(ranges) != len(summands):
        raise KwspipeError(
            "quantize",
            f"the int8 model adds {len(summands)} maps and the float one {len(ranges)}",
            "as many of both",
            "this release of TensorFlow converts otherwise than the one that is pinned: install that",
        )
    scaled = {}
    for tensor, (low, high) in zip(summands, ranges, strict=True):
        if low == high:  # nothing but zeros, which any scale holds
            continue
        scale = (high - low) / (INT8_MAX - INT8_MIN)
        scaled[tensor] = scale, INT8_MIN + round(-low / scale)
    return rescaled(int8_model, scaled)


def rescaled(model: bytes, tensors: Mapping[int, tuple[float, int]]) -> bytes:
    """Returns the model with another scale and zero point for these tensors, by their numbers.

    Operators compute by the scales that are written for what they read and make: nothing else changes.
    """
    changed = bytearray(model)
    graph = schema.Model.GetRootAs(changed).Subgraphs(0)
    for tensor, (scale, zero_point) in tensors.items():
        quantization = graph.Tensors(tensor).Quantization()
        quantization.ScaleAsNumpy()[0], quantization.ZeroPointAsNumpy()[0] = scale, zero_point
    return bytes(changed)


def _summands(model: bytes) -> list[int]:
    """Returns the numbers of the maps that an addition reads and nothing else, in the order of the operators."""
    operators = read_graph(model).operators
    inputs = [(operator.kind, tensor.index) for operator in operators for tensor in operator.inputs if tensor]
    made = {tensor.index for operator in operators for tensor in operator.outputs}
    read = Counter(tensor for _, tensor in inputs)
    return [tensor for kind, tensor in inputs if kind == "ADD" and tensor in made and read[tensor] == 1]


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
