"""Lowering of everything that multiplies by weights."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.compiler.elementwise import clamp_table
from kwspipe.compiler.fixed_point import Integers
from kwspipe.compiler.requantization import Accumulator, Requantization, quantize_multipliers, requantize
from kwspipe.compiler.shapes import (
    Lowering,
    Padding,
    activation_of,
    activation_range,
    operator_constant,
    refuse,
    window_of,
)
from kwspipe.tflite.reader import Operator

_MAX_TAPS = 65535
_MAX_CHANNELS = 4096  # KWS_MAX_EXTENT


def lower_convolution(state: Lowering, operator: Operator) -> None:
    """CONV_2D; one with a single input channel runs as a depthwise convolution with a multiplier."""
    source, padding = state.padded_source(operator)
    weights = _weights(operator, 4)
    output = _output(operator)
    if weights.shape[3] != source.channels or weights.shape[0] != output.channels:
        raise refuse(
            operator, f"weights of shape {weights.shape}", "groups of one: all input channels in each filter"
        )
    window = window_of(operator, (weights.shape[1], weights.shape[2]), source, padding, output)
    scales = _filter_scales(operator, 0, output.channels)
    real = np.float64(source.scale) * scales / np.float64(output.scale)
    bias, scaling = _scaled(operator, source, window, weights, real, output)
    layers = _layers(operator, padding)
    slides_fast = weights.shape[1:3] == (3, 3) and window.stride_width <= 2 and window.dilation_height == 1
    if source.channels == 1 and slides_fast and window.dilation_width == 1:
        _emit(
            state, operator, ops.Depthwise(layers, (source,), output, window, weights[..., 0], bias, scaling)
        )
    else:
        _emit(state, operator, ops.Convolve(layers, (source,), output, window, weights, bias, scaling))


def lower_depthwise(state: Lowering, operator: Operator) -> None:
    """DEPTHWISE_CONV_2D with any multiplier."""
    source, padding = state.padded_source(operator)
    weights = _weights(operator, 4)
    output = _output(operator)
    if weights.shape[0] != 1 or weights.shape[3] != output.channels or output.channels % source.channels:
        raise refuse(operator, f"weights of shape {weights.shape}", "(1, height, width, output channels)")
    window = window_of(operator, (weights.shape[1], weights.shape[2]), source, padding, output)
    scales = _filter_scales(operator, 3, output.channels)
    real = np.float64(source.scale) * scales / np.float64(output.scale)
    filters = np.ascontiguousarray(weights[0].transpose(2, 0, 1))  # (output channels, height, width)
    bias, scaling = _scaled(operator, source, window, filters, real, output)
    layers = _layers(operator, padding)
    _emit(state, operator, ops.Depthwise(layers, (source,), output, window, filters, bias, scaling))


def lower_fully_connected(state: Lowering, operator: Operator) -> None:
    """FULLY_CONNECTED: a pointwise convolution; the batch in front of the last dimension becomes its width."""
    source = state.source(operator, operator.inputs[0])
    weights = _weights(operator, 2)
    units, taps = weights.shape
    if operator.options.get("weights_format", 0) or source.count % taps:
        raise refuse(
            operator, f"weights of shape {weights.shape} in a special order", "(units, inputs), plain"
        )
    rows = source.count // taps
    # More taps than a pixel can have channels become a row of pixels, and a kernel as wide.
    width = next((n for n in range(1, taps + 1) if taps % n == 0 and taps // n <= _MAX_CHANNELS), taps)
    if rows > 1 and width > 1:
        raise refuse(operator, f"{rows} rows of {taps} inputs", f"one row, or at most {_MAX_CHANNELS} inputs")
    window = ops.Window(1, width)
    filters = weights.reshape(units, 1, width, taps // width)
    source = replace(source, height=1, width=rows * width, channels=taps // width)
    output = _output(operator)
    if output.count != rows * units:
        raise refuse(operator, f"an output of {output.count}", f"{rows * units}, from weights and input")
    shaped = replace(output, height=1, width=rows, channels=units)
    tensor = operator.inputs[1]
    assert tensor is not None
    scales = _filter_scales(operator, 0, units)
    if len(tensor.scales) == 1:
        # GetQuantizedConvolutionMultipler multiplies the two scales as floats.
        product = np.float64(np.float32(source.scale) * tensor.scales[0])
        real = np.full(units, product / np.float64(output.scale))
    else:
        real = np.float64(source.scale) * scales / np.float64(output.scale)
    bias, scaling = _scaled(operator, source, window, filters, real, shaped)
    convolve = ops.Convolve((operator.index,), (source,), shaped, window, filters, bias, scaling)
    _emit(state, operator, convolve, output)


def _output(operator: Operator) -> ops.Activation:
    output = activation_of(operator, operator.outputs[0], -128, 127)
    lowest, highest = activation_range(operator, output.scale, output.zero_point)
    return replace(output, lowest=lowest, highest=highest)


def _layers(operator: Operator, padding: Padding | None) -> tuple[int, ...]:
    return (operator.index,) if padding is None else (padding.layer, operator.index)


def _emit(
    state: Lowering, operator: Operator, lowered: ops.Operator, shaped: ops.Activation | None = None
) -> None:
    """Appends a convolution, and what cuts its values where saturation to int8 does not."""
    output = lowered.output
    state.append(lowered)
    if (output.lowest, output.highest) != (-128, 127):
        table = clamp_table(output.lowest, output.highest)
        state.append(ops.Table((operator.index,), (output,), output, table))
    state.define(operator.outputs[0], output if shaped is None else shaped)


def _weights(operator: Operator, dimensions: int) -> npt.NDArray[np.int8]:
    tensor = operator.inputs[1] if len(operator.inputs) > 1 else None
    if tensor is None or tensor.data is None or tensor.dtype != "int8" or len(tensor.shape) != dimensions:
        received = "none" if tensor is None else f"type {tensor.dtype}, shape {tensor.shape}"
        raise refuse(operator, f"weights: {received}", f"constant int8 of {dimensions} dimensions")
    if tensor.zero_points.any():
        raise refuse(operator, "weights with a zero point", "symmetric weights")
    if tensor.data.size == 0 or tensor.data.size // tensor.data.shape[0] > _MAX_TAPS:
        raise refuse(operator, f"weights of shape {tensor.shape}", f"1 to {_MAX_TAPS} weights a filter")
    return tensor.data.astype(np.int8)


def _filter_scales(operator: Operator, axis: int, channels: int) -> npt.NDArray[np.float64]:
    tensor = operator.inputs[1]
    assert tensor is not None
    if not (np.isfinite(tensor.scales) & (tensor.scales >= 0)).all():
        raise refuse(operator, "weights with a scale that is no number", "scales of 0 or more")
    if len(tensor.scales) == 1:
        return np.full(channels, tensor.scales[0], np.float64)
    if len(tensor.scales) != channels or tensor.quantized_dimension != axis:
        received = f"{len(tensor.scales)} scales along dimension {tensor.quantized_dimension}"
        raise refuse(operator, f"weights with {received}", f"one, or {channels} along dimension {axis}")
    return tensor.scales.astype(np.float64)


def _scaled(
    operator: Operator,
    source: ops.Activation,
    window: ops.Window,
    weights: npt.NDArray[np.int8],
    real: npt.NDArray[np.float64],
    output: ops.Activation,
) -> tuple[Integers, Requantization]:
    """Returns the bias with the input's zero point folded in, and proved requantization constants."""
    channels = len(real)
    bias = np.zeros(channels, np.int64)
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        bias = operator_constant(operator, 2).reshape(-1)
        if len(bias) != channels or operator.inputs[2].dtype != "int32":
            raise refuse(operator, f"a bias of {len(bias)} {operator.inputs[2].dtype}", f"{channels} int32")
    flat = weights.reshape(channels, -1).astype(np.int64)
    # Padding counts as the zero point, which may lie outside the producer's range.
    below = min(source.lowest - source.zero_point, 0)
    above = max(source.highest - source.zero_point, 0)
    products = np.stack([flat * below, flat * above])
    multiplier, shift = quantize_multipliers(real)
    accumulator = Accumulator(
        lowest=bias + products.min(axis=0).sum(axis=1),
        highest=bias + products.max(axis=0).sum(axis=1),
        max_scale_bits=_spare_bits(flat),
        multiplier=multiplier,
        shift=shift,
    )
    scaling = requantize(
        accumulator,
        output.zero_point,
        output.lowest,
        output.highest,
        f".tflite {operator.place}",
        may_be_positive=True,
    )
    return bias - source.zero_point * flat.sum(axis=1), scaling


def _spare_bits(weights: Integers) -> Integers:
    """How many bits further left each channel's weights may stand as int16; (channels,)."""
    bits = np.zeros(len(weights), np.int64)
    for count in range(1, 16):
        scaled = weights << count
        bits = np.where(((scaled <= 32767) & (scaled >= -32768)).all(axis=1), count, bits)
    return bits
