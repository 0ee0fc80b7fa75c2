"""Lowering of functions of one int8 value to lookup tables: activations, requantization and softmax."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.compiler.fixed_point import exp_table, multiply_by_quantized_multiplier
from kwspipe.compiler.lowering_state import Lowering
from kwspipe.compiler.requantization import quantize_multipliers
from kwspipe.compiler.shapes import activation_of, activation_range, unsupported
from kwspipe.tflite.reader import Operator

INT8_VALUES = np.arange(-128, 128, dtype=np.int64)
_MAX_SOFTMAX_CHANNELS = 256
_ACTIVATIONS = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}


def clamp_table(lowest: int, highest: int) -> npt.NDArray[np.int8]:
    """Returns the table that clamps values to a range, (256,)."""
    return np.clip(INT8_VALUES, lowest, highest).astype(np.int8)


def lower_relu_and_quantize(state: Lowering, operator: Operator) -> None:
    """Lowers RELU, RELU6, RELU_N1_TO_1, and QUANTIZE between int8 tensors."""
    source, output = _source_and_output(state, operator)
    lowest, highest = activation_range(
        operator, output.scale, output.zero_point, _ACTIVATIONS.get(operator.kind, 0)
    )
    real = np.float64(source.scale) / np.float64(output.scale)
    if operator.kind in _ACTIVATIONS:
        real = np.float64(np.float32(source.scale) / np.float32(output.scale))  # ReluPrepare divides floats
    multiplier, shift = quantize_multipliers(np.array([real]))
    scaled = multiply_by_quantized_multiplier(INT8_VALUES - source.zero_point, multiplier, shift)
    table = np.clip(scaled + output.zero_point, lowest, highest).astype(np.int8)
    used = table[source.lowest + 128 : source.highest + 129]
    output = replace(output, lowest=int(used.min()), highest=int(used.max()))
    state.define(operator.outputs[0], output)
    state.append(ops.Table((operator.index,), (source,), output, table))


def lower_logistic_and_tanh(state: Lowering, operator: Operator) -> None:
    """Lowers LOGISTIC and TANH. The table is computed in single precision, like that of the reference (lut.h)."""
    source, output = _source_and_output(state, operator)
    values = np.float32(source.scale) * (INT8_VALUES - source.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):  # for a large negative x, e^-x is infinite and its reciprocal 0
        function = np.tanh(values) if operator.kind == "TANH" else 1 / (1 + np.exp(-values))
    scaled = function.astype(np.float32) * (np.float32(1) / np.float32(output.scale))
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int64)
    table = np.clip(rounded + output.zero_point, -128, 127).astype(np.int8)
    state.define(operator.outputs[0], output)
    state.append(ops.Table((operator.index,), (source,), output, table))


def lower_softmax(state: Lowering, operator: Operator) -> None:
    """Lowers SOFTMAX over the last dimension."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if (output.scale, output.zero_point) != (1 / 256, -128) or source.channels > _MAX_SOFTMAX_CHANNELS:
        raise unsupported(
            operator,
            f"{source.channels} classes, output scale {output.scale:g}, zero point {output.zero_point}",
            f"at most {_MAX_SOFTMAX_CHANNELS} classes, scale 1/256, zero point -128",
        )
    try:
        table = exp_table(source.scale, operator.options.get("beta", 1.0))
    except ValueError as error:
        raise unsupported(operator, str(error), "a scale above 2^-26") from None
    state.append(ops.Softmax((operator.index,), (source,), output, table))
    state.define(operator.outputs[0], output)


def _source_and_output(state: Lowering, operator: Operator) -> tuple[ops.Activation, ops.Activation]:
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], -128, 127)
    if output.count != source.count:
        raise unsupported(operator, "an output of another shape", "the shape of the input")
    return source, output
