"""Shapes and ranges in the lowering: activations of tensors, windows, paddings, activation ranges, error messages."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.errors import KwspipeError
from kwspipe.tflite.reader import Operator, Tensor

MAX_EXTENT = 4096  # KWSMAX_EXTENT
_MAX_COUNT = 2**24
_MAX_STEP = 255  # KWS_MAX_STEP
_SAME = 0  # schema: Padding.SAME
_NONE, _RELU, _RELU_N1_TO_1, _RELU6 = 0, 1, 2, 3  # schema: ActivationFunctionType
_REMEDY = "change the network, or convert it with other settings"


def unsupported(operator: Operator, received: str, allowed: str) -> KwspipeError:
    """Returns the error for an operator that the device does not support."""
    return KwspipeError(f".tflite {operator.location}", received, allowed, _REMEDY)


@dataclass(frozen=True)
class Padding:
    """A PAD operator that the convolutions reading it include.

    Attributes:
        layer: index of the operator.
        source: the activation without padding.
        pad_top: rows at the top.
        pad_left: columns at the left.
        extents: height and width with padding.
    """

    layer: int
    source: ops.Activation
    pad_top: int
    pad_left: int
    extents: tuple[int, int]


def activation_of(operator: Operator, tensor: Tensor, lowest: int, highest: int) -> ops.Activation:
    """Returns the activation of a tensor.

    Args:
        operator: the operator that reads or writes the tensor, for error messages.
        tensor: an int8 tensor with batch size 1 and at most the dimensions (1, height, width, channels).
        lowest: smallest value that the tensor can have.
        highest: largest value that the tensor can have.

    Raises:
        KwspipeError: if the type, the shape or the quantization is not supported.
    """
    if tensor.dtype != "int8":
        raise unsupported(operator, f"type {tensor.dtype} of {tensor.name!r}", "int8 activations")
    if len(tensor.scales) != 1:
        raise unsupported(
            operator, f"{len(tensor.scales)} scales of {tensor.name!r}", "one scale per activation"
        )
    scale, zero_point = float(tensor.scales[0]), int(tensor.zero_points[0])
    if not (0 < scale < math.inf and -128 <= zero_point <= 127):
        raise unsupported(
            operator, f"scale {scale}, zero point {zero_point}", "a positive scale, a zero point of int8"
        )
    shape = tensor.shape if len(tensor.shape) > 1 else (1, *tensor.shape)
    if len(shape) > 4 or shape[0] != 1 or not all(1 <= extent <= _MAX_COUNT for extent in shape):
        raise unsupported(
            operator,
            f"shape {list(tensor.shape)} of {tensor.name!r}",
            "batch 1, at most 4 dimensions",
        )
    height, width, channels = (1,) * (4 - len(shape)) + shape[1:]
    return ops.Activation(
        tensor.index,
        height,
        width,
        channels,
        scale,
        zero_point,
        lowest,
        highest,
    )


def operator_constant(operator: Operator, position: int) -> npt.NDArray[np.int64]:
    """Returns a constant input as int64, in its shape.

    Raises:
        KwspipeError: if the input is not a constant.
    """
    tensor = operator.inputs[position] if position < len(operator.inputs) else None
    if tensor is None or tensor.data is None:
        raise unsupported(operator, f"input {position} computed at run time", "a constant")
    return tensor.data.astype(np.int64)


def window_of(
    operator: Operator,
    kernel: tuple[int, int],
    source: ops.Activation,
    padding: Padding | None,
    output: ops.Activation,
) -> ops.Window:
    """Returns the window of a convolution or pool.

    Args:
        operator: the convolution or pool.
        kernel: height and width of the kernel.
        source: input without padding.
        padding: PAD operator before it, or None.
        output: output.

    Raises:
        KwspipeError: if a size is out of range, or the output does not match the window.
    """
    options = operator.options
    strides = (options["stride_height"], options["stride_width"])
    dilations = (options.get("dilation_height", 1), options.get("dilation_width", 1))
    steps = (*strides, *dilations)
    if not all(1 <= step <= _MAX_STEP for step in steps) or not all(1 <= n <= MAX_EXTENT for n in kernel):
        raise unsupported(
            operator, f"kernel {kernel}, strides and dilations {steps}", f"steps of 1 to {_MAX_STEP}"
        )
    extents, pads = (source.height, source.width), [0, 0]
    if padding is not None:
        extents, pads = padding.extents, [padding.pad_top, padding.pad_left]
    for axis, output_size in enumerate((output.height, output.width)):
        dilated_size = (kernel[axis] - 1) * dilations[axis] + 1
        if options["padding"] == _SAME:
            expected = -(-extents[axis] // strides[axis])
            pads[axis] += max((expected - 1) * strides[axis] + dilated_size - extents[axis], 0) // 2
        else:
            expected = (extents[axis] - dilated_size) // strides[axis] + 1
        if expected != output_size:
            raise unsupported(
                operator, f"an output of size {output_size}", f"{expected}, the size that its window gives"
            )
    if max(pads) > _MAX_STEP:
        raise unsupported(operator, f"padding {pads}", f"at most {_MAX_STEP}")
    return ops.Window(*kernel, *strides, *dilations, *pads)


def activation_range(
    operator: Operator, scale: float, zero_point: int, function: int | None = None
) -> tuple[int, int]:
    """Returns the int8 range to which a fused activation clamps (CalculateActivationRangeQuantized).

    Args:
        operator: the operator.
        scale: scale of the output.
        zero_point: zero point of the output.
        function: activation function of the schema, None for the option of the operator.
    """
    function = operator.options.get("activation", _NONE) if function is None else function

    def quantized(value: float) -> int:
        ratio = float(np.float32(value) / np.float32(scale))
        return zero_point + int(math.copysign(math.floor(abs(ratio) + 0.5), ratio))

    limits = {
        _NONE: (-128, 127),
        _RELU: (quantized(0), 127),
        _RELU_N1_TO_1: (quantized(-1), quantized(1)),
        _RELU6: (quantized(0), quantized(6)),
    }
    if function not in limits:
        raise unsupported(operator, f"fused activation {function}", "none, RELU, RELU_N1_TO_1, RELU6")
    lowest, highest = limits[function]
    return max(lowest, -128), min(highest, 127)
