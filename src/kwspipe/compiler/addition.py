"""Lowering of ADD: to a linear function if it is exact, else to tables."""

from dataclasses import replace

import numpy as np

from kwspipe.compiler import operators as ops
from kwspipe.compiler.fixed_point import Integers, multiply_by_quantized_multiplier
from kwspipe.compiler.linear_add import LinearAddFactors, find_linear_factors
from kwspipe.compiler.lookup_tables import INT8_VALUES, clamp_table
from kwspipe.compiler.lowering_state import Lowering
from kwspipe.compiler.requantization import MAX_SCALE_BITS, Accumulator, quantize_multipliers
from kwspipe.compiler.requantization_search import find_requantization
from kwspipe.compiler.shapes import activation_of, activation_range, unsupported
from kwspipe.tflite.reader import Operator

_LEFT_SHIFT = 20  # add.cc, for int8


def lower_add(state: Lowering, operator: Operator) -> None:
    """Lowers ADD of two tensors with the same shape."""
    sources = tuple(state.source(operator, tensor) for tensor in operator.inputs)
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if len(sources) != 2 or any(_shape(source) != _shape(output) for source in sources):
        raise unsupported(operator, "inputs of different shapes", "two inputs of the same shape")
    largest = 2 * np.float64(max(source.scale for source in sources))
    tables = np.stack([_rescaled(source, largest) for source in sources])  # (2, 256)
    multiplier, shift = quantize_multipliers(
        np.array([largest / (2.0**_LEFT_SHIFT * np.float64(output.scale))])
    )
    factors = _linear_factors(sources, output, tables, multiplier, shift)
    if factors is not None:
        state.append(ops.LinearAdd((operator.index,), sources, output, factors))
    else:
        bounds = [
            (table[source.lowest + 128], table[source.highest + 128])
            for table, source in zip(tables, sources, strict=True)
        ]
        accumulator = Accumulator(
            lowest=np.array([sum(low for low, _ in bounds)], np.int64),
            highest=np.array([sum(high for _, high in bounds)], np.int64),
            max_scale_bits=np.array([MAX_SCALE_BITS]),
            multiplier=multiplier,
            shift=shift,
        )
        where = f".tflite {operator.location}"
        scaling = find_requantization(accumulator, output.zero_point, -128, 127, where)
        state.append(ops.TableAdd((operator.index,), sources, output, tables, scaling))
    lowest, highest = activation_range(operator, output.scale, output.zero_point)
    if (lowest, highest) != (-128, 127):
        output = replace(output, lowest=lowest, highest=highest)
        state.append(ops.Table((operator.index,), (output,), output, clamp_table(lowest, highest)))
    state.define(operator.outputs[0], output)


def _rescaled(source: ops.Activation, largest: np.float64) -> Integers:
    """Returns the reference's rescaled values of an input, for the input values -128 to 127, (256,)."""
    multiplier, shift = quantize_multipliers(np.array([np.float64(source.scale) / largest]))
    values = (INT8_VALUES - source.zero_point) << _LEFT_SHIFT
    return multiply_by_quantized_multiplier(values, multiplier, shift)


def _linear_factors(
    sources: tuple[ops.Activation, ...],
    output: ops.Activation,
    tables: Integers,
    multiplier: Integers,
    shift: Integers,
) -> LinearAddFactors | None:
    """Returns linear factors that are exact for all values that the two inputs can have, or None."""
    first, second = (np.arange(source.lowest, source.highest + 1, dtype=np.int64) for source in sources)
    total = tables[0, first + 128][:, None] + tables[1, second + 128][None, :]
    result = multiply_by_quantized_multiplier(total, multiplier, shift) + output.zero_point
    slopes = (sources[0].scale / output.scale, sources[1].scale / output.scale)
    intercept = output.zero_point - slopes[0] * sources[0].zero_point - slopes[1] * sources[1].zero_point
    return find_linear_factors(np.clip(result, -128, 127), first, second, slopes, intercept)


def _shape(activation: ops.Activation) -> tuple[int, int, int]:
    return activation.height, activation.width, activation.channels
