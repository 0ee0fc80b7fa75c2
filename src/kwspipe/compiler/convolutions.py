"""Lowering of convolutions and fully connected layers."""

from dataclasses import replace

import numpy as np

from kwspipe.compiler import operators as ops
from kwspipe.compiler.lookup_tables import clamp_table
from kwspipe.compiler.lowering_state import Lowering
from kwspipe.compiler.shapes import Padding, activation_of, activation_range, unsupported, window_of
from kwspipe.compiler.weights import bias_and_scaling, filter_scales, weights_of
from kwspipe.tflite.reader import Operator

_MAX_CHANNELS = 4096  # KWS_MAX_EXTENT


def lower_convolution(state: Lowering, operator: Operator) -> None:
    """Lowers CONV_2D.

    With a single input channel and a window that has a fast kernel, it becomes a depthwise convolution with a
    multiplier.
    """
    source, padding = state.padded_source(operator)
    weights = weights_of(operator, 4)
    output = _output(operator)
    if weights.shape[3] != source.channels or weights.shape[0] != output.channels:
        raise unsupported(
            operator, f"weights of shape {weights.shape}", "one group: filters with all input channels"
        )
    window = window_of(operator, (weights.shape[1], weights.shape[2]), source, padding, output)
    scales = filter_scales(operator, 0, output.channels)
    real = np.float64(source.scale) * scales / np.float64(output.scale)
    bias, scaling = bias_and_scaling(operator, source, weights, real, output)
    layers = _layers(operator, padding)
    if source.channels == 1 and window.is_fast_3x3:
        _emit(
            state, operator, ops.Depthwise(layers, (source,), output, window, weights[..., 0], bias, scaling)
        )
    else:
        _emit(state, operator, ops.Convolve(layers, (source,), output, window, weights, bias, scaling))


def lower_depthwise(state: Lowering, operator: Operator) -> None:
    """Lowers DEPTHWISE_CONV_2D with any multiplier."""
    source, padding = state.padded_source(operator)
    weights = weights_of(operator, 4)
    output = _output(operator)
    if weights.shape[0] != 1 or weights.shape[3] != output.channels or output.channels % source.channels:
        raise unsupported(
            operator, f"weights of shape {weights.shape}", "(1, height, width, output channels)"
        )
    window = window_of(operator, (weights.shape[1], weights.shape[2]), source, padding, output)
    scales = filter_scales(operator, 3, output.channels)
    real = np.float64(source.scale) * scales / np.float64(output.scale)
    filters = np.ascontiguousarray(weights[0].transpose(2, 0, 1))  # (output channels, height, width)
    bias, scaling = bias_and_scaling(operator, source, filters, real, output)
    layers = _layers(operator, padding)
    _emit(state, operator, ops.Depthwise(layers, (source,), output, window, filters, bias, scaling))


def lower_fully_connected(state: Lowering, operator: Operator) -> None:
    """Lowers FULLY_CONNECTED to a pointwise convolution. The dimensions before the last one become its width."""
    source = state.source(operator, operator.inputs[0])
    weights = weights_of(operator, 2)
    units, taps = weights.shape
    if operator.options.get("weights_format", 0) or source.count % taps:
        raise unsupported(
            operator, f"weights of shape {weights.shape} in a special order", "(units, inputs) in plain order"
        )
    rows = source.count // taps
    # If there are more taps than channels in a pixel, the taps become a row of pixels and the kernel has its width.
    width = next((n for n in range(1, taps + 1) if taps % n == 0 and taps // n <= _MAX_CHANNELS), taps)
    if rows > 1 and width > 1:
        raise unsupported(
            operator, f"{rows} rows of {taps} inputs", f"one row, or at most {_MAX_CHANNELS} inputs"
        )
    window = ops.Window(1, width)
    filters = weights.reshape(units, 1, width, taps // width)
    source = replace(source, height=1, width=rows * width, channels=taps // width)
    output = _output(operator)
    if output.count != rows * units:
        raise unsupported(
            operator, f"an output of size {output.count}", f"{rows * units}, the size that its weights give"
        )
    reshaped = replace(output, height=1, width=rows, channels=units)
    tensor = operator.inputs[1]
    assert tensor is not None
    scales = filter_scales(operator, 0, units)
    if len(tensor.scales) == 1:
        # GetQuantizedConvolutionMultipler multiplies the two scales as floats.
        product = np.float64(np.float32(source.scale) * tensor.scales[0])
        real = np.full(units, product / np.float64(output.scale))
    else:
        real = np.float64(source.scale) * scales / np.float64(output.scale)
    bias, scaling = bias_and_scaling(operator, source, filters, real, reshaped)
    convolve = ops.Convolve((operator.index,), (source,), reshaped, window, filters, bias, scaling)
    _emit(state, operator, convolve, output)


def _output(operator: Operator) -> ops.Activation:
    output = activation_of(operator, operator.outputs[0], -128, 127)
    lowest, highest = activation_range(operator, output.scale, output.zero_point)
    return replace(output, lowest=lowest, highest=highest)


def _layers(operator: Operator, padding: Padding | None) -> tuple[int, ...]:
    return (operator.index,) if padding is None else (padding.layer, operator.index)


def _emit(
    state: Lowering, operator: Operator, lowered: ops.Operator, tensor: ops.Activation | None = None
) -> None:
    """Appends a convolution, and a table that clamps its values if the range is smaller than int8.

    Args:
        state: state of the lowering.
        operator: operator of the .tflite file.
        lowered: the convolution.
        tensor: output in the shape of the .tflite file, if it differs.
    """
    output = lowered.output
    state.append(lowered)
    if (output.lowest, output.highest) != (-128, 127):
        table = clamp_table(output.lowest, output.highest)
        state.append(ops.Table((operator.index,), (output,), output, table))
    state.define(operator.outputs[0], output if tensor is None else tensor)
