"""Program section of a model image: a header and one record per operator.

docs/specifications/model_image.md describes the layout.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

from kwspipe.compiler import operators as ops
from kwspipe.compiler.arena import ArenaPlan, plan_arena
from kwspipe.compiler.constant_pool import ConstantPool, channel_table, depthwise_filters, int32, matrix

CONVOLVE, DEPTHWISE, EXPAND_DEPTHWISE, ADD, TABLE, AVERAGE_POOL, MAX_POOL, MEAN, SOFTMAX, PAD = range(1, 11)
FLAG_POSITIVE, FLAG_EXPAND_POSITIVE, FLAG_DIRECT, FLAG_TAPS_3X3, FLAG_LINEAR = 1, 2, 4, 8, 16
_OPERATOR = struct.Struct("<16H h H 8I")
_PROGRAM = struct.Struct("<4I 4H 2i 2f 8x")


def pack(
    operators: list[ops.Operator], graph_input: ops.Activation, graph_output: ops.Activation
) -> tuple[bytes, bytes, ArenaPlan]:
    """Returns the program section, the constants section and the plan of the tensor arena."""
    scratch_bytes = [_scratch_bytes(operator) for operator in operators]
    arena = plan_arena(operators, graph_input, graph_output, scratch_bytes)
    constants = ConstantPool()
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
        program += _pack_operator(operator, arena, scratch or 0, constants)
    return program, bytes(constants.data), arena


def _pack_operator(operator: ops.Operator, arena: ArenaPlan, scratch: int, constants: ConstantPool) -> bytes:
    """Returns the record of an operator (kws_operator_t)."""
    source, output = operator.inputs[0], operator.output
    second = arena.buffers[operator.inputs[1].buffer] if len(operator.inputs) > 1 else 0
    fields = _kind_fields(operator, constants)
    window = fields.window
    return _OPERATOR.pack(
        fields.kind,
        fields.flags,
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
        fields.pad_value,
        fields.middle_channels,
        arena.buffers[source.buffer],
        second,
        arena.buffers[output.buffer],
        scratch,
        *fields.constants,
        *[0] * (4 - len(fields.constants)),
    )


@dataclass(frozen=True)
class _KindFields:
    """Fields of a record that depend on the kind of the operator.

    Attributes:
        kind: code of the operator.
        constants: offsets in the section of constants.
        flags: flags.
        window: window of a convolution or pool.
        pad_value: value of the padding.
        middle_channels: channels between the two convolutions of EXPAND_DEPTHWISE.
    """

    kind: int
    constants: tuple[int, ...] = ()
    flags: int = 0
    window: ops.Window = field(default_factory=ops.Window)
    pad_value: int = 0
    middle_channels: int = 0


def _kind_fields(operator: ops.Operator, constants: ConstantPool) -> _KindFields:
    match operator:
        case ops.Convolve():
            flags = FLAG_POSITIVE * operator.scaling.positive + FLAG_DIRECT * _is_direct(operator)
            offsets = _convolution(operator, constants)
            return _KindFields(CONVOLVE, offsets, flags, operator.window, operator.inputs[0].zero_point)
        case ops.Depthwise():
            flags, offsets = _depthwise(operator, constants)
            return _KindFields(DEPTHWISE, offsets, flags, operator.window, operator.inputs[0].zero_point)
        case ops.ExpandDepthwise(expand=expand, depthwise=depthwise):
            flags, offsets = _depthwise(depthwise, constants)
            flags |= FLAG_EXPAND_POSITIVE * expand.scaling.positive
            offsets += _convolution(expand, constants)
            middle = expand.output
            return _KindFields(
                EXPAND_DEPTHWISE, offsets, flags, depthwise.window, middle.zero_point, middle.channels
            )
        case ops.LinearAdd(factors=factors):
            values = np.array([factors.first, factors.second, factors.offset], np.int32)
            return _KindFields(ADD, (constants.add(values),), FLAG_LINEAR)
        case ops.TableAdd():
            tables = operator.tables.copy()
            tables[0] += operator.scaling.bias_change  # this kernel has no bias
            scaled = int32(tables << operator.scaling.scale_bits)
            channel = channel_table(np.zeros(1, np.int64), operator.scaling, 1)
            return _KindFields(ADD, (constants.add(scaled), constants.add(channel)))
        case ops.Table() | ops.Softmax():
            kind = TABLE if isinstance(operator, ops.Table) else SOFTMAX
            return _KindFields(kind, (constants.add(operator.table),))
        case ops.Pool():
            return _KindFields(MAX_POOL if operator.maximum else AVERAGE_POOL, window=operator.window)
        case ops.Mean():
            channel = channel_table(np.array([operator.bias]), operator.scaling, 1)
            factor = int32(np.int64(1) << operator.scaling.scale_bits)
            return _KindFields(MEAN, (constants.add(np.concatenate([factor, channel.reshape(-1)])),))
        case ops.Pad():
            return _KindFields(PAD, window=operator.window, pad_value=operator.value)
    raise TypeError(f"no record for {type(operator).__name__}")


def _convolution(operator: ops.Convolve, constants: ConstantPool) -> tuple[int, ...]:
    """Adds the weights and the channels, and returns their offsets."""
    channels = channel_table(operator.bias, operator.scaling, 2)
    return constants.add(matrix(operator)), constants.add(channels)


def _depthwise(operator: ops.Depthwise, constants: ConstantPool) -> tuple[int, tuple[int, ...]]:
    """Adds the weights and the channels, and returns the flags and the offsets."""
    as_pairs = operator.window.is_fast_3x3
    flags = FLAG_POSITIVE * operator.scaling.positive + FLAG_TAPS_3X3 * as_pairs
    filters = depthwise_filters(operator, as_pairs)
    channels = channel_table(operator.bias, operator.scaling, 1)
    return flags, (constants.add(filters), constants.add(channels))


def _is_direct(operator: ops.Convolve) -> bool:
    """Returns whether the kernel reads its input in place."""
    return operator.window.is_pointwise and operator.inputs[0].channels % 4 == 0


def _scratch_bytes(operator: ops.Operator) -> int:
    """Returns the bytes of scratch memory of an operator. kws_program.c checks the same size."""
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
