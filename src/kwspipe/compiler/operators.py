"""Intermediate representation of the compiler: one dataclass per kind of device operator."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.compiler.fixed_point import Integers
from kwspipe.compiler.linear_add import LinearAddFactors
from kwspipe.compiler.requantization import Requantization


@dataclass(frozen=True)
class Activation:
    """A tensor in the tensor arena: (height, width, channels), batch size 1.

    Attributes:
        buffer: identifies the memory. A tensor and its reshaped copies share it.
        height: height.
        width: width.
        channels: number of channels.
        scale: scale of the quantization.
        zero_point: zero point of the quantization.
        lowest: smallest value that the operator writing it can produce.
        highest: largest value that the operator writing it can produce.
    """

    buffer: int
    height: int
    width: int
    channels: int
    scale: float
    zero_point: int
    lowest: int = -128
    highest: int = 127

    @property
    def count(self) -> int:
        """Number of elements."""
        return self.height * self.width * self.channels


@dataclass(frozen=True)
class Window:
    """Window of a convolution or pool. The size of the output determines the padding at the bottom and at the right."""

    kernel_height: int = 1
    kernel_width: int = 1
    stride_height: int = 1
    stride_width: int = 1
    dilation_height: int = 1
    dilation_width: int = 1
    pad_top: int = 0
    pad_left: int = 0

    @property
    def taps(self) -> int:
        """Number of positions in the kernel."""
        return self.kernel_height * self.kernel_width

    @property
    def is_pointwise(self) -> bool:
        """True for a 1x1 kernel without padding."""
        return self.taps == 1 and self.pad_top == 0 and self.pad_left == 0

    @property
    def is_fast_3x3(self) -> bool:
        """True if the function kws_slide has a fast loop for the window."""
        return (
            (self.kernel_height, self.kernel_width) == (3, 3)
            and self.stride_width <= 2
            and self.dilation_height == self.dilation_width == 1
        )


@dataclass(frozen=True)
class Operator:
    """Base class of the operators.

    Attributes:
        layers: indices of the operators in the .tflite file that it implements.
        inputs: activations that it reads.
        output: activation that it writes.
    """

    layers: tuple[int, ...]
    inputs: tuple[Activation, ...]
    output: Activation

    @property
    def num_macs(self) -> int:
        """Multiply-accumulates of one inference, padding included."""
        return 0


@dataclass(frozen=True)
class Convolve(Operator):
    """Convolution.

    Attributes:
        window: the window.
        weights: (output channels, height, width, input channels) int8.
        bias: (output channels,) bias with the contribution of the zero point of the input.
        scaling: requantization of the accumulators.
    """

    window: Window
    weights: npt.NDArray[np.int8]
    bias: Integers
    scaling: Requantization

    @property
    def num_macs(self) -> int:
        """One multiply-accumulate per weight and output pixel."""
        return self.output.height * self.output.width * self.weights.size


@dataclass(frozen=True)
class Depthwise(Operator):
    """Depthwise convolution.

    Attributes:
        window: the window.
        weights: (output channels, height, width) int8.
        bias: (output channels,) bias with the contribution of the zero point of the input.
        scaling: requantization of the accumulators.
    """

    window: Window
    weights: npt.NDArray[np.int8]
    bias: Integers
    scaling: Requantization

    @property
    def num_macs(self) -> int:
        """One multiply-accumulate per weight and output pixel."""
        return self.output.height * self.output.width * self.weights.size


@dataclass(frozen=True)
class ExpandDepthwise(Operator):
    """A pointwise convolution fused with the depthwise convolution that follows it.

    Attributes:
        expand: the pointwise convolution.
        depthwise: the depthwise convolution.
    """

    expand: Convolve
    depthwise: Depthwise

    @property
    def num_macs(self) -> int:
        """Multiply-accumulates of both convolutions."""
        return self.expand.num_macs + self.depthwise.num_macs


@dataclass(frozen=True)
class LinearAdd(Operator):
    """Addition as a linear function, which equals the reference for all pairs of values."""

    factors: LinearAddFactors


@dataclass(frozen=True)
class TableAdd(Operator):
    """Addition of two table values with requantization: tables (2, 256)."""

    tables: Integers
    scaling: Requantization


@dataclass(frozen=True)
class Table(Operator):
    """Lookup table: (256,) int8, for the input values -128 to 127."""

    table: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Pool(Operator):
    """Average or maximum of a window."""

    window: Window
    maximum: bool


@dataclass(frozen=True)
class Mean(Operator):
    """Mean over height and width."""

    bias: int
    scaling: Requantization


@dataclass(frozen=True)
class Softmax(Operator):
    """Softmax over the channels: exponentials (256,) int32."""

    table: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Pad(Operator):
    """Padding with a constant value."""

    window: Window
    value: int
