"""What the compiler works on between a .tflite and a model image: one dataclass for each kind of device operator."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.compiler.fixed_point import Integers
from kwspipe.compiler.linear_add import LinearAddFactors
from kwspipe.compiler.requantization import Requantization


@dataclass(frozen=True)
class Activation:
    """A tensor that the arena holds: (height, width, channels), batch one.

    Attributes:
        buffer: names its memory; a tensor that is another one reshaped shares it.
        lowest: smallest value its producer can give.
        highest: largest.
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
    """How a kernel moves over its input; what lies right and below follows from the output's size."""

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
        """Places the kernel covers."""
        return self.kernel_height * self.kernel_width

    @property
    def is_point(self) -> bool:
        """One place, without padding."""
        return self.taps == 1 and self.pad_top == 0 and self.pad_left == 0


@dataclass(frozen=True)
class Operator:
    """Base of all.

    Attributes:
        layers: positions in the .tflite of the operators it stands for.
        inputs: the activations it reads.
        output: the one it writes.
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
    """Weights (output channels, height, width, input channels) int8; the bias has the zero point folded in."""

    window: Window
    weights: npt.NDArray[np.int8]
    bias: Integers
    scaling: Requantization

    @property
    def num_macs(self) -> int:
        """One for each weight and output pixel."""
        return self.output.height * self.output.width * self.weights.size


@dataclass(frozen=True)
class Depthwise(Operator):
    """Convolution of each channel by itself: weights (output channels, height, width)."""

    window: Window
    weights: npt.NDArray[np.int8]
    bias: Integers
    scaling: Requantization

    @property
    def num_macs(self) -> int:
        """One for each weight and output pixel."""
        return self.output.height * self.output.width * self.weights.size


@dataclass(frozen=True)
class ExpandDepthwise(Operator):
    """A pointwise convolution and the depthwise one behind it; what lies between never exists as a whole."""

    expand: Convolve
    depthwise: Depthwise

    @property
    def num_macs(self) -> int:
        """Those of both halves."""
        return self.expand.num_macs + self.depthwise.num_macs


@dataclass(frozen=True)
class LinearAdd(Operator):
    """Sum by two multiplications, proved for all pairs of values."""

    line: LinearAddFactors


@dataclass(frozen=True)
class TableAdd(Operator):
    """Sum of two looked-up shares, requantized: tables (2, 256)."""

    tables: Integers
    scaling: Requantization


@dataclass(frozen=True)
class Table(Operator):
    """Any function of one value: table (256,) int8, from that of -128 on."""

    table: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Pool(Operator):
    """Mean or maximum of a window."""

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
    """Copy into a larger plane."""

    window: Window
    value: int
