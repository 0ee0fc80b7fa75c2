"""Writes the program and the constants of a model image; docs/model_image.md describes both."""

import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.compiler.arena import Plan, plan
from kwspipe.compiler.fixed_point import Integers
from kwspipe.compiler.requantization import Requantization

CONVOLVE, DEPTHWISE, EXPAND_DEPTHWISE, ADD, TABLE, AVERAGE_POOL, MAX_POOL, MEAN, SOFTMAX, PAD = range(1, 11)
FLAG_POSITIVE, FLAG_EXPAND_POSITIVE, FLAG_DIRECT, FLAG_TAPS_3X3, FLAG_LINEAR = 1, 2, 4, 8, 16
_OPERATOR = struct.Struct("<16H h H 8I")
_PROGRAM = struct.Struct("<4I 4H 2i 2f 8x")
_ALIGNMENT = 16


@dataclass
class _Constants:
    """The section of constants; equal blobs are stored once."""

    data: bytearray = field(default_factory=bytearray)
    places: dict[bytes, int] = field(default_factory=dict)

    def add(self, array: npt.NDArray[np.generic]) -> int:
        """Returns the offset of the array's bytes, little-endian."""
        blob = array.astype(array.dtype.newbyteorder("<")).tobytes()
        if blob not in self.places:
            self.data += bytes(-len(self.data) % _ALIGNMENT)
            self.places[blob] = len(self.data)
            self.data += blob
        return self.places[blob]


def pack(
    operators: list[ops.Operator], graph_input: ops.Activation, graph_output: ops.Activation
) -> tuple[bytes, bytes, Plan]:
    """Returns (program, constants, arena plan)."""
    arena = plan(operators, graph_input, graph_output, [_scratch_bytes(operator) for operator in operators])
    constants = _Constants()
    program = _PROGRAM.pack(
        len(operators),
        arena.buffers[graph_input.buffer],
        arena.buffers[graph_output.buffer],
        graph_output.count,
        graph_input.height,
        graph_input.width,
        graph_input.channels,
        0,
        graph_input.zero_point,
        graph_output.zero_point,
        graph_input.scale,
        graph_output.scale,
    )
    for operator, scratch in zip(operators, arena.scratch, strict=True):
        program += _record(operator, arena, scratch or 0, constants)
    return program, bytes(constants.data), arena


def _record(operator: ops.Operator, arena: Plan, scratch: int, constants: _Constants) -> bytes:
    """The operator as in kws_operator_t."""
    source, output = operator.inputs[0], operator.output
    second = arena.buffers[operator.inputs[1].buffer] if len(operator.inputs) > 1 else 0
    kind, flags, window, pad_value, middle, places = _details(operator, constants)
    return _OPERATOR.pack(
        kind,
        flags,
        source.height,
        source.width,
        source.channels,
        output.height,
        output.width,
        output.channels,
        window.kernel_height,
        window.kernel_width,
        window.stride_height,
        window.stride_width,
        window.dilation_height,
        window.dilation_width,
        window.pad_top,
        window.pad_left,
        pad_value,
        middle,
        arena.buffers[source.buffer],
        second,
        arena.buffers[output.buffer],
        scratch,
        *places,
        *[0] * (4 - len(places)),
    )


_Details = tuple[int, int, ops.Window, int, int, list[int]]


def _details(operator: ops.Operator, constants: _Constants) -> _Details:
    """Returns kind, flags, window, padding value, middle channels, and where the constants are."""
    point = ops.Window()
    match operator:
        case ops.Convolve():
            flags = FLAG_POSITIVE * operator.scaling.positive + FLAG_DIRECT * _is_direct(operator)
            places = _convolution(operator, constants)
            return CONVOLVE, flags, operator.window, operator.inputs[0].zero_point, 0, places
        case ops.Depthwise():
            flags, places = _depthwise(operator, constants)
            return DEPTHWISE, flags, operator.window, operator.inputs[0].zero_point, 0, places
        case ops.ExpandDepthwise(expand=expand, depthwise=depthwise):
            flags, places = _depthwise(depthwise, constants)
            flags |= FLAG_EXPAND_POSITIVE * expand.scaling.positive
            places += _convolution(expand, constants)
            middle = expand.output
            return EXPAND_DEPTHWISE, flags, depthwise.window, middle.zero_point, middle.channels, places
        case ops.LinearAdd():
            numbers = [operator.line.first, operator.line.second, operator.line.offset]
            return ADD, FLAG_LINEAR, point, 0, 0, [constants.add(np.array(numbers, np.int32))]
        case ops.TableAdd():
            shares = operator.tables.copy()
            shares[0] += operator.scaling.bias_change  # this kernel has no bias to add
            tables = _int32(shares << operator.scaling.scale_bits)
            channel = _channels(np.zeros(1, np.int64), operator.scaling, 1)
            return ADD, 0, point, 0, 0, [constants.add(tables), constants.add(channel)]
        case ops.Table():
            return TABLE, 0, point, 0, 0, [constants.add(operator.table)]
        case ops.Pool():
            return (MAX_POOL if operator.maximum else AVERAGE_POOL), 0, operator.window, 0, 0, []
        case ops.Mean():
            channel = _channels(np.array([operator.bias]), operator.scaling, 1)
            factor = _int32(np.int64(1) << operator.scaling.scale_bits)
            return MEAN, 0, point, 0, 0, [constants.add(np.concatenate([factor, channel.reshape(-1)]))]
        case ops.Softmax():
            return SOFTMAX, 0, point, 0, 0, [constants.add(operator.table)]
        case ops.Pad():
            return PAD, 0, operator.window, operator.value, 0, []
    raise TypeError(f"no record for {type(operator).__name__}")


def _convolution(operator: ops.Convolve, constants: _Constants) -> list[int]:
    """Returns where its weights and its channels are."""
    return [constants.add(_matrix(operator)), constants.add(_channels(operator.bias, operator.scaling, 2))]


def _is_direct(operator: ops.Convolve) -> bool:
    return operator.window.is_point and operator.inputs[0].channels % 4 == 0


def _is_3x3(window: ops.Window) -> bool:
    """Whether kws_slide has its fast loop for the window."""
    return (
        (window.kernel_height, window.kernel_width) == (3, 3)
        and window.stride_width <= 2
        and window.dilation_height == window.dilation_width == 1
    )


def _matrix(operator: ops.Convolve) -> npt.NDArray[np.int16]:
    """Weights as (channel pairs, groups, 2 channels, 4 taps), filled up with zeros."""
    channels = len(operator.weights)
    flat = operator.weights.reshape(channels, -1).astype(np.int64) << operator.scaling.scale_bits[:, None]
    groups = -(-flat.shape[1] // 4)
    padded = np.zeros((channels + channels % 2, groups * 4), np.int64)
    padded[:channels, : flat.shape[1]] = flat
    return _int16(padded.reshape(-1, 2, groups, 4).transpose(0, 2, 1, 3))


def _depthwise(operator: ops.Depthwise, constants: _Constants) -> tuple[int, list[int]]:
    """Weights as pairs (w0, w1), (w1, w2) of each row, or plain and filled up to an even count."""
    flags = FLAG_POSITIVE * operator.scaling.positive
    scaled = operator.weights.astype(np.int64) << operator.scaling.scale_bits[:, None, None]
    if _is_3x3(operator.window):
        flags |= FLAG_TAPS_3X3
        packed = scaled[:, :, [0, 1, 1, 2]].reshape(len(scaled), 12)
    else:
        flat = scaled.reshape(len(scaled), -1)
        packed = np.pad(flat, ((0, 0), (0, flat.shape[1] % 2)))
    return flags, [
        constants.add(_int16(packed)),
        constants.add(_channels(operator.bias, operator.scaling, 1)),
    ]


def _channels(bias: Integers, scaling: Requantization, multiple: int) -> npt.NDArray[np.int32]:
    """kws_positive_channel_t or kws_signed_channel_t of each channel, filled up to a multiple."""
    # Sums wrap: a bias beyond int32, by the zero point folded in, serves as well modulo 2^32.
    wrapped = (((bias + scaling.bias_change) << scaling.scale_bits) + 2**31) % 2**32 - 2**31
    columns = [wrapped, scaling.multiplier, scaling.offset]
    if not scaling.positive:
        columns += [scaling.correction, scaling.shift]
    table = np.stack(columns, axis=1)
    return _int32(np.pad(table, ((0, -len(table) % multiple), (0, 0))))


def _scratch_bytes(operator: ops.Operator) -> int:
    """Bytes of scratch memory the device uses; firmware/core/kws_program.c checks the same."""
    match operator:
        case ops.Convolve() if not _is_direct(operator):
            return 2 * -(-operator.weights[0].size // 4) * 4 * 2  # two patches of int16
        case ops.Depthwise():
            return _plane_bytes(operator)
        case ops.ExpandDepthwise():
            return 2 * _plane_bytes(operator.depthwise)
    return 0


def _plane_bytes(operator: ops.Depthwise) -> int:
    window, output = operator.window, operator.output
    height = (
        (output.height - 1) * window.stride_height + (window.kernel_height - 1) * window.dilation_height + 1
    )
    width = (output.width - 1) * window.stride_width + (window.kernel_width - 1) * window.dilation_width + 1
    return height * (width + width % 2) * 2


def _int16(values: Integers) -> npt.NDArray[np.int16]:
    assert values.size == 0 or (values.min() >= -(2**15) and values.max() < 2**15)
    return values.astype(np.int16)


def _int32(values: Integers) -> npt.NDArray[np.int32]:
    assert values.size == 0 or (values.min() >= -(2**31) and values.max() < 2**31)
    return values.astype(np.int32)
