"""Weights, scales and biases of convolutions and fully connected layers."""

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.compiler.fixed_point import Integers
from kwspipe.compiler.requantization import Accumulator, Requantization, quantize_multipliers
from kwspipe.compiler.requantization_search import find_requantization
from kwspipe.compiler.shapes import operator_constant, unsupported
from kwspipe.tflite.reader import Operator

_MAX_TAPS = 65535


def weights_of(operator: Operator, dimensions: int) -> npt.NDArray[np.int8]:
    """Returns the weights of an operator.

    Args:
        operator: the operator.
        dimensions: required number of dimensions.

    Raises:
        KwspipeError: if the weights are not constant symmetric int8 weights.
    """
    tensor = operator.inputs[1] if len(operator.inputs) > 1 else None
    if tensor is None or tensor.data is None or tensor.dtype != "int8" or len(tensor.shape) != dimensions:
        received = "none" if tensor is None else f"type {tensor.dtype}, shape {tensor.shape}"
        raise unsupported(operator, f"weights: {received}", f"constant int8 of {dimensions} dimensions")
    if tensor.zero_points.any():
        raise unsupported(operator, "weights with a zero point", "symmetric weights")
    if tensor.data.size == 0 or tensor.data.size // tensor.data.shape[0] > _MAX_TAPS:
        raise unsupported(
            operator, f"weights of shape {tensor.shape}", f"1 to {_MAX_TAPS} weights per filter"
        )
    return tensor.data.astype(np.int8)


def filter_scales(operator: Operator, axis: int, channels: int) -> npt.NDArray[np.float64]:
    """Returns the scale of the weights of each output channel, (channels,).

    Args:
        operator: the operator.
        axis: dimension of the output channels in the weights.
        channels: number of output channels.

    Raises:
        KwspipeError: if the scales are invalid or belong to another dimension.
    """
    tensor = operator.inputs[1]
    assert tensor is not None
    if not (np.isfinite(tensor.scales) & (tensor.scales >= 0)).all():
        raise unsupported(
            operator, "weights with a scale that is not finite or negative", "scales of 0 or more"
        )
    if len(tensor.scales) == 1:
        return np.full(channels, tensor.scales[0], np.float64)
    if len(tensor.scales) != channels or tensor.quantized_dimension != axis:
        received = f"{len(tensor.scales)} scales along dimension {tensor.quantized_dimension}"
        raise unsupported(operator, f"weights with {received}", f"one, or {channels} along dimension {axis}")
    return tensor.scales.astype(np.float64)


def bias_and_scaling(
    operator: Operator,
    source: ops.Activation,
    weights: npt.NDArray[np.int8],
    real: npt.NDArray[np.float64],
    output: ops.Activation,
) -> tuple[Integers, Requantization]:
    """Returns the bias with the contribution of the input's zero point, and exact requantization constants.

    Args:
        operator: the operator.
        source: input.
        weights: (output channels, ...) int8.
        real: (output channels,) input scale times weight scale divided by output scale.
        output: output, whose range is that of the fused activation.

    Raises:
        KwspipeError: if the bias is invalid, or there are no exact constants.
    """
    channels = len(real)
    bias = np.zeros(channels, np.int64)
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        bias = operator_constant(operator, 2).reshape(-1)
        if len(bias) != channels or operator.inputs[2].dtype != "int32":
            raise unsupported(
                operator, f"a bias of {len(bias)} {operator.inputs[2].dtype}", f"{channels} int32"
            )
    flat = weights.reshape(channels, -1).astype(np.int64)
    # The padding has the value of the zero point, which can be outside the range of the input.
    lowest = min(source.lowest - source.zero_point, 0)
    highest = max(source.highest - source.zero_point, 0)
    products = np.stack([flat * lowest, flat * highest])
    multiplier, shift = quantize_multipliers(real)
    accumulator = Accumulator(
        lowest=bias + products.min(axis=0).sum(axis=1),
        highest=bias + products.max(axis=0).sum(axis=1),
        max_scale_bits=_headroom_bits(flat),
        multiplier=multiplier,
        shift=shift,
    )
    scaling = find_requantization(
        accumulator,
        output.zero_point,
        output.lowest,
        output.highest,
        f".tflite {operator.location}",
        may_be_positive=True,
    )
    return bias - source.zero_point * flat.sum(axis=1), scaling


def _headroom_bits(weights: Integers) -> Integers:
    """Returns by how many bits the weights of each channel can be shifted left within int16, (channels,)."""
    bits = np.zeros(len(weights), np.int64)
    for count in range(1, 16):
        scaled = weights << count
        bits = np.where(((scaled <= 32767) & (scaled >= -32768)).all(axis=1), count, bits)
    return bits
