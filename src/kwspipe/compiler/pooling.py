"""Lowering of pools and means."""

from dataclasses import replace

import numpy as np

from kwspipe.compiler import operators as ops
from kwspipe.compiler.fixed_point import Integers, quantize_multiplier
from kwspipe.compiler.lookup_tables import clamp_table
from kwspipe.compiler.lowering_state import Lowering
from kwspipe.compiler.requantization import MAX_SCALE_BITS, Accumulator
from kwspipe.compiler.requantization_search import find_requantization
from kwspipe.compiler.shapes import (
    activation_of,
    activation_range,
    operator_constant,
    unsupported,
    window_of,
)
from kwspipe.tflite.reader import Operator


def lower_pooling(state: Lowering, operator: Operator) -> None:
    """Lowers AVERAGE_POOL_2D and MAX_POOL_2D."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], source.lowest, source.highest)
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        raise unsupported(
            operator, "different quantization of input and output", "the same quantization of both"
        )
    kernel = (operator.options["filter_height"], operator.options["filter_width"])
    window = window_of(operator, kernel, source, None, output)
    maximum = operator.kind == "MAX_POOL_2D"
    lowest, highest = activation_range(operator, output.scale, output.zero_point)
    state.append(ops.Pool((operator.index,), (source,), output, window, maximum))
    if lowest > source.lowest or highest < source.highest:
        output = replace(output, lowest=lowest, highest=highest)
        state.append(ops.Table((operator.index,), (output,), output, clamp_table(lowest, highest)))
    state.define(operator.outputs[0], output)


def lower_mean(state: Lowering, operator: Operator) -> None:
    """Lowers MEAN over height and width, or over the time of a one-dimensional network."""
    source = state.source(operator, operator.inputs[0])
    tensor = operator.inputs[0]
    output = activation_of(operator, operator.outputs[0], -128, 127)
    assert tensor is not None
    dimensions = len(tensor.shape)
    axes = {int(axis) % dimensions for axis in operator_constant(operator, 1).reshape(-1)}
    required = {axis for axis in range(1, dimensions - 1) if tensor.shape[axis] > 1}
    if not required <= axes or dimensions - 1 in axes or output.count != source.channels:
        raise unsupported(
            operator,
            f"axes {sorted(axes)} of {dimensions} dimensions",
            "all axes except the first and the last",
        )
    count = source.height * source.width
    multiplier, shift = _mean_multiplier(source.scale, output.scale, count)
    accumulator = Accumulator(
        lowest=np.array([(source.lowest - source.zero_point) * count], np.int64),
        highest=np.array([(source.highest - source.zero_point) * count], np.int64),
        max_scale_bits=np.array([MAX_SCALE_BITS]),
        multiplier=multiplier,
        shift=shift,
    )
    where = f".tflite {operator.location}"
    scaling = find_requantization(accumulator, output.zero_point, -128, 127, where)
    reshaped = replace(output, height=1, width=1, channels=source.channels)
    state.append(ops.Mean((operator.index,), (source,), reshaped, -source.zero_point * count, scaling))
    state.define(operator.outputs[0], output)


def _mean_multiplier(input_scale: float, output_scale: float, count: int) -> tuple[Integers, Integers]:
    """Returns the multiplier and the shift of a mean.

    The reference divides the multiplier by the count, with as many bits as fit (reduce.h).
    """
    multiplier, shift = quantize_multiplier(float(np.float64(input_scale) / np.float64(output_scale)))
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return np.array([(multiplier << bits) // count], np.int64), np.array([shift - bits], np.int64)
