"""What lowering an operator of any kind needs: its tensors as activations, padding, ranges, refusals."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.errors import KwspipeError
from kwspipe.tflite.reader import Graph, Operator, Tensor

_MAX_EXTENT = 4096  # KWS_MAX_EXTENT
_MAX_COUNT = 2**24
_MAX_STEP = 255  # KWS_MAX_STEP
_SAME = 0  # schema: Padding.SAME
_NONE, _RELU, _RELU_N1_TO_1, _RELU6 = 0, 1, 2, 3  # schema: ActivationFunctionType
_REMEDY = "change the network, or convert it with other settings"


def refuse(operator: Operator, received: str, allowed: str) -> KwspipeError:
    """The error for an operator the device cannot run."""
    return KwspipeError(f".tflite {operator.place}", received, allowed, _REMEDY)


@dataclass(frozen=True)
class Padding:
    """A PAD operator that its readers take over."""

    layer: int
    source: ops.Activation
    pad_top: int
    pad_left: int
    extents: tuple[int, int]  # height and width with padding


@dataclass
class Lowering:
    """The graph, and what has been lowered so far."""

    graph: Graph
    operators: list[ops.Operator] = field(default_factory=list)
    activations: dict[int, ops.Activation] = field(default_factory=dict)
    paddings: dict[int, Padding] = field(default_factory=dict)

    def append(self, operator: ops.Operator) -> None:
        """Adds the next operator to run."""
        for activation in (*operator.inputs, operator.output):
            if max(activation.height, activation.width, activation.channels) > _MAX_EXTENT:
                raise refuse(
                    self.graph.operators[operator.layers[-1]],
                    f"a tensor of {activation.height} x {activation.width} x {activation.channels}",
                    f"extents of at most {_MAX_EXTENT}",
                )
        self.operators.append(operator)

    def define(self, tensor: Tensor, activation: ops.Activation) -> None:
        """Records where a tensor lies and what is known of it."""
        self.activations[tensor.index] = activation

    def source(self, operator: Operator, tensor: Tensor | None) -> ops.Activation:
        """Returns the activation an operator reads."""
        if tensor is None or tensor.data is not None:
            raise refuse(operator, "a constant where an activation belongs", "activations as inputs")
        if tensor.index not in self.activations:
            if tensor.index not in [given.index for given in self.graph.inputs]:
                raise refuse(operator, f"input {tensor.name!r}, which nothing computes", "operators in order")
            self.define(tensor, activation_of(operator, tensor, -128, 127))
        return self.activations[tensor.index]

    def readers(self, tensor: Tensor) -> list[Operator]:
        """Returns the operators that read a tensor; none where it is an output of the model."""
        if tensor.index in [output.index for output in self.graph.outputs]:
            return []
        return [
            operator
            for operator in self.graph.operators
            if any(given is not None and given.index == tensor.index for given in operator.inputs)
        ]

    def padded_source(self, operator: Operator) -> tuple[ops.Activation, Padding | None]:
        """Returns what a convolution reads: the activation in front of a PAD, and that PAD."""
        tensor = operator.inputs[0]
        if tensor is not None and tensor.index in self.paddings:
            padding = self.paddings[tensor.index]
            return padding.source, padding
        return self.source(operator, tensor), None


def activation_of(operator: Operator, tensor: Tensor, lowest: int, highest: int) -> ops.Activation:
    """Returns the activation of a tensor: int8, batch one, at most (1, height, width, channels)."""
    if tensor.dtype != "int8":
        raise refuse(operator, f"type {tensor.dtype} of {tensor.name!r}", "int8 activations")
    if len(tensor.scales) != 1:
        raise refuse(operator, f"{len(tensor.scales)} scales of {tensor.name!r}", "one scale an activation")
    scale, zero_point = float(tensor.scales[0]), int(tensor.zero_points[0])
    if not (0 < scale < math.inf and -128 <= zero_point <= 127):
        raise refuse(
            operator, f"scale {scale}, zero point {zero_point}", "a positive scale, a zero point of int8"
        )
    shape = tensor.shape if len(tensor.shape) > 1 else (1, *tensor.shape)
    if len(shape) > 4 or shape[0] != 1 or not all(1 <= extent <= _MAX_COUNT for extent in shape):
        raise refuse(
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
    """Returns an input that has to be a constant, as int64 in its shape."""
    tensor = operator.inputs[position] if position < len(operator.inputs) else None
    if tensor is None or tensor.data is None:
        raise refuse(operator, f"input {position} computed at run time", "a constant")
    return tensor.data.astype(np.int64)


def window_of(
    operator: Operator,
    kernel: tuple[int, int],
    source: ops.Activation,
    padding: Padding | None,
    output: ops.Activation,
) -> ops.Window:
    """Returns the window of a convolution or pool, a PAD in front of it included."""
    options = operator.options
    strides = (options["stride_height"], options["stride_width"])
    dilations = (options.get("dilation_height", 1), options.get("dilation_width", 1))
    steps = (*strides, *dilations)
    if not all(1 <= step <= _MAX_STEP for step in steps) or not all(1 <= n <= _MAX_EXTENT for n in kernel):
        raise refuse(
            operator, f"kernel {kernel}, strides and dilations {steps}", f"steps of 1 to {_MAX_STEP}"
        )
    extents, pads = (source.height, source.width), [0, 0]
    if padding is not None:
        extents, pads = padding.extents, [padding.pad_top, padding.pad_left]
    for axis, wanted in enumerate((output.height, output.width)):
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        if options["padding"] == _SAME:
            count = -(-extents[axis] // strides[axis])
            pads[axis] += max((count - 1) * strides[axis] + reach - extents[axis], 0) // 2
        else:
            count = (extents[axis] - reach) // strides[axis] + 1
        if count != wanted:
            raise refuse(operator, f"an output of {wanted}", f"{count}, which follows from its window")
    if max(pads) > _MAX_STEP:
        raise refuse(operator, f"padding {pads}", f"at most {_MAX_STEP}")
    return ops.Window(*kernel, *strides, *dilations, *pads)


def activation_range(
    operator: Operator, scale: float, zero_point: int, function: int | None = None
) -> tuple[int, int]:
    """Returns the int8 values a fused activation cuts to (CalculateActivationRangeQuantized)."""
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
        raise refuse(operator, f"fused activation {function}", "none, RELU, RELU_N1_TO_1, RELU6")
    lowest, highest = limits[function]
    return max(lowest, -128), min(highest, 127)
