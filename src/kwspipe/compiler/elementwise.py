"""Lowering of sums, tables, pools, means and softmax."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.compiler.fixed_point import (
    Integers,
    exp_table,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from kwspipe.compiler.linear_add import LinearAddFactors, find_line
from kwspipe.compiler.requantization import Accumulator, requantize
from kwspipe.compiler.shapes import (
    Lowering,
    activation_of,
    activation_range,
    operator_constant,
    refuse,
    window_of,
)
from kwspipe.tflite.reader import Operator

_VALUES = np.arange(-128, 128, dtype=np.int64)
_ADD_LEFT_SHIFT = 20  # add.cc, for int8
_MAX_SOFTMAX_CHANNELS = 256
_ACTIVATIONS = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
_MAX_SCALE_BITS = 20


def clamp_table(lowest: int, highest: int) -> npt.NDArray[np.int8]:
    """Returns the table that cuts values to a range, (256,)."""
    return np.clip(_VALUES, lowest, highest).astype(np.int8)


def lower_table(state: Lowering, operator: Operator) -> None:
    """RELU, RELU6, RELU_N1_TO_1 and QUANTIZE between int8 tensors."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if output.count != source.count:
        raise refuse(operator, "an output of another shape", "the input's shape")
    lowest, highest = activation_range(
        operator, output.scale, output.zero_point, _ACTIVATIONS.get(operator.kind, 0)
    )
    real = np.float64(source.scale) / np.float64(output.scale)
    if operator.kind in _ACTIVATIONS:
        real = np.float64(np.float32(source.scale) / np.float32(output.scale))  # ReluPrepare divides floats
    multiplier, shift = _constants(real)
    values = (
        multiply_by_quantized_multiplier(_VALUES - source.zero_point, multiplier, shift) + output.zero_point
    )
    table = np.clip(values, lowest, highest).astype(np.int8)
    used = table[source.lowest + 128 : source.highest + 129]
    output = replace(output, lowest=int(used.min()), highest=int(used.max()))
    state.define(operator.outputs[0], output)
    state.append(ops.Table((operator.index,), (source,), output, table))


def lower_curve(state: Lowering, operator: Operator) -> None:
    """LOGISTIC and TANH: the reference fills a table in single precision (lut.h), and so does this."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if output.count != source.count:
        raise refuse(operator, "an output of another shape", "the input's shape")
    values = np.float32(source.scale) * (_VALUES - source.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):  # e^-x of a far negative x is infinite, and its reciprocal 0
        curve = np.tanh(values) if operator.kind == "TANH" else 1 / (1 + np.exp(-values))
    scaled = curve.astype(np.float32) * (np.float32(1) / np.float32(output.scale))
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int64)
    table = np.clip(rounded + output.zero_point, -128, 127).astype(np.int8)
    state.define(operator.outputs[0], output)
    state.append(ops.Table((operator.index,), (source,), output, table))


def lower_add(state: Lowering, operator: Operator) -> None:
    """ADD of two tensors of one shape."""
    sources = tuple(state.source(operator, tensor) for tensor in operator.inputs)
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if len(sources) != 2 or any((s.height, s.width, s.channels) != _shape(output) for s in sources):
        raise refuse(operator, "inputs of several shapes", "two inputs of one shape")
    largest = 2 * np.float64(max(source.scale for source in sources))
    shares = []
    for source in sources:
        multiplier, shift = _constants(np.float64(source.scale) / largest)
        shares.append(
            multiply_by_quantized_multiplier(
                (_VALUES - source.zero_point) << _ADD_LEFT_SHIFT, multiplier, shift
            )
        )
    tables = np.stack(shares)  # (2, 256)
    bounds = [
        (table[source.lowest + 128], table[source.highest + 128])
        for table, source in zip(tables, sources, strict=True)
    ]
    multiplier, shift = _constants(largest / (2.0**_ADD_LEFT_SHIFT * np.float64(output.scale)))
    accumulator = Accumulator(
        lowest=np.array([sum(low for low, _ in bounds)], np.int64),
        highest=np.array([sum(high for _, high in bounds)], np.int64),
        max_scale_bits=np.array([_MAX_SCALE_BITS]),
        multiplier=multiplier,
        shift=shift,
    )
    lowest, highest = activation_range(operator, output.scale, output.zero_point)
    line = _line(sources, output, tables, multiplier, shift)
    if line is not None:
        state.append(ops.LinearAdd((operator.index,), sources, output, line))
    else:
        scaling = requantize(accumulator, output.zero_point, -128, 127, f".tflite {operator.place}")
        state.append(ops.TableAdd((operator.index,), sources, output, tables, scaling))
    if (lowest, highest) != (-128, 127):
        output = replace(output, lowest=lowest, highest=highest)
        state.append(ops.Table((operator.index,), (output,), output, clamp_table(lowest, highest)))
    state.define(operator.outputs[0], output)


def _line(
    sources: tuple[ops.Activation, ...],
    output: ops.Activation,
    tables: Integers,
    multiplier: Integers,
    shift: Integers,
) -> LinearAddFactors | None:
    """The sum as a line, if that is exact for all values the two inputs can have."""
    first, second = (np.arange(source.lowest, source.highest + 1, dtype=np.int64) for source in sources)
    total = tables[0, first + 128][:, None] + tables[1, second + 128][None, :]
    result = multiply_by_quantized_multiplier(total, multiplier, shift) + output.zero_point
    slopes = (sources[0].scale / output.scale, sources[1].scale / output.scale)
    intercept = output.zero_point - slopes[0] * sources[0].zero_point - slopes[1] * sources[1].zero_point
    return find_line(np.clip(result, -128, 127), first, second, slopes, intercept)


def lower_pool(state: Lowering, operator: Operator) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], source.lowest, source.highest)
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        raise refuse(operator, "scales that differ between input and output", "the same quantization")
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
    """MEAN over height and width, or over the time of a one-dimensional network."""
    source = state.source(operator, operator.inputs[0])
    tensor = operator.inputs[0]
    output = activation_of(operator, operator.outputs[0], -128, 127)
    assert tensor is not None
    dimensions = len(tensor.shape)
    axes = {int(axis) % dimensions for axis in operator_constant(operator, 1).reshape(-1)}
    needed = {axis for axis in range(1, dimensions - 1) if tensor.shape[axis] > 1}
    if not needed <= axes or dimensions - 1 in axes or output.count != source.channels:
        raise refuse(
            operator, f"axes {sorted(axes)} of {dimensions} dimensions", "all but the first and last"
        )
    count = source.height * source.width
    multiplier, shift = _mean_multiplier(source.scale, output.scale, count)
    accumulator = Accumulator(
        lowest=np.array([(source.lowest - source.zero_point) * count], np.int64),
        highest=np.array([(source.highest - source.zero_point) * count], np.int64),
        max_scale_bits=np.array([_MAX_SCALE_BITS]),
        multiplier=multiplier,
        shift=shift,
    )
    scaling = requantize(accumulator, output.zero_point, -128, 127, f".tflite {operator.place}")
    shaped = replace(output, height=1, width=1, channels=source.channels)
    state.append(ops.Mean((operator.index,), (source,), shaped, -source.zero_point * count, scaling))
    state.define(operator.outputs[0], output)


def lower_softmax(state: Lowering, operator: Operator) -> None:
    """SOFTMAX over the last dimension."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if (output.scale, output.zero_point) != (1 / 256, -128) or source.channels > _MAX_SOFTMAX_CHANNELS:
        raise refuse(
            operator,
            f"{source.channels} classes, output scale {output.scale:g}, zero point {output.zero_point}",
            f"at most {_MAX_SOFTMAX_CHANNELS} classes, scale 1/256, zero point -128",
        )
    try:
        table = exp_table(source.scale, operator.options.get("beta", 1.0))
    except ValueError as error:
        raise refuse(operator, str(error), "a scale above 2^-26") from None
    state.append(ops.Softmax((operator.index,), (source,), output, table))
    state.define(operator.outputs[0], output)


def _mean_multiplier(input_scale: float, output_scale: float, count: int) -> tuple[Integers, Integers]:
    """The reference divides by the count in its multiplier, with as many bits as fit (reduce.h)."""
    multiplier, shift = quantize_multiplier(float(np.float64(input_scale) / np.float64(output_scale)))
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return np.array([(multiplier << bits) // count], np.int64), np.array([shift - bits], np.int64)


def _constants(real: np.float64) -> tuple[Integers, Integers]:
    multiplier, shift = quantize_multiplier(float(real))
    return np.array([multiplier], np.int64), np.array([shift], np.int64)


def _shape(activation: ops.Activation) -> tuple[int, int, int]:
    return activation.height, activation.width, activation.channels
