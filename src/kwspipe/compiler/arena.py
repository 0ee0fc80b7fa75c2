"""Memory plan of the tensor arena: offsets of activations and scratch memory."""

from dataclasses import dataclass

from kwspipe.compiler import operators as ops

_ALIGNMENT = 8  # KWS_ARENA_ALIGNMENT
_BYTES_PER_VALUE = 2
_MAX_TRIES = 100


@dataclass
class _Block:
    """A memory block with its lifetime, from the first to the last step."""

    size: int
    first: int
    last: int
    offset: int = -1


@dataclass(frozen=True)
class ArenaPlan:
    """Byte offsets in the tensor arena.

    Attributes:
        buffers: offset of each buffer.
        scratch: offset of the scratch memory of each operator, None for an operator without scratch memory.
        size: size of the arena in bytes.
    """

    buffers: dict[int, int]
    scratch: list[int | None]
    size: int


def plan_arena(
    operators: list[ops.Operator], graph_input: ops.Activation, kept: ops.Activation, scratch: list[int]
) -> ArenaPlan:
    """Returns offsets such that blocks with overlapping lifetimes do not overlap in memory.

    An addition or a table lookup overwrites an input that no other operator reads.

    Args:
        operators: operators in execution order.
        graph_input: activation written before the first operator.
        kept: activation read after the last operator.
        scratch: bytes of scratch memory of each operator.
    """
    shared = _share_in_place(operators, kept)
    blocks: dict[int, _Block] = {}

    def use(activation: ops.Activation, step: int) -> None:
        size = _aligned(activation.count * _BYTES_PER_VALUE)
        buffer = shared.get(activation.buffer, activation.buffer)
        block = blocks.setdefault(buffer, _Block(size, step, step))
        block.size = max(block.size, size)
        block.last = max(block.last, step)

    use(graph_input, -1)
    for step, operator in enumerate(operators):
        for activation in (*operator.inputs, operator.output):
            use(activation, step)
    use(kept, len(operators))
    temporary = [_Block(_aligned(size), step, step) for step, size in enumerate(scratch)]
    size = _set_offsets([*blocks.values(), *(block for block in temporary if block.size)])
    buffers = {activation.buffer for op in operators for activation in (*op.inputs, op.output)}
    buffers |= {graph_input.buffer, kept.buffer}
    return ArenaPlan(
        {buffer: blocks[shared.get(buffer, buffer)].offset for buffer in buffers},
        [block.offset if block.size else None for block in temporary],
        size,
    )


def _share_in_place(operators: list[ops.Operator], kept: ops.Activation) -> dict[int, int]:
    """Returns the buffer that each in-place output overwrites."""
    last_read = {source.buffer: step for step, operator in enumerate(operators) for source in operator.inputs}
    last_read[kept.buffer] = len(operators)
    shared: dict[int, int] = {}
    for step, operator in enumerate(operators):
        if not isinstance(operator, ops.LinearAdd | ops.TableAdd | ops.Table):
            continue
        for source in operator.inputs:
            root = shared.get(source.buffer, source.buffer)
            if source.buffer != operator.output.buffer and last_read[source.buffer] == step:
                shared[operator.output.buffer] = root
                break
    return shared


def _set_offsets(blocks: list[_Block]) -> int:
    """Sets the offsets of the blocks and returns the size of the arena.

    The result of greedy placement depends on the order of the blocks. Therefore the block with the highest end is moved
    to the front and the placement is repeated, until the size equals its lower bound or the maximum number of tries is
    reached.
    """
    steps = {block.first for block in blocks}
    lower_bound = max((sum(b.size for b in blocks if b.first <= step <= b.last) for step in steps), default=0)
    order = sorted(blocks, key=lambda block: (-block.size, block.first))
    best, offsets = _place_in_order(order), [block.offset for block in blocks]
    for _ in range(_MAX_TRIES):
        if best == lower_bound:
            break
        highest = max(order, key=lambda block: block.offset + block.size)
        order.remove(highest)
        order.insert(0, highest)
        size = _place_in_order(order)
        if size < best:
            best, offsets = size, [block.offset for block in blocks]
    for block, offset in zip(blocks, offsets, strict=True):
        block.offset = offset
    return best


def _place_in_order(blocks: list[_Block]) -> int:
    """Sets the offset of each block to the lowest address that is free during its lifetime. Returns the size."""
    placed: list[_Block] = []
    for block in blocks:
        concurrent = [other for other in placed if other.first <= block.last and block.first <= other.last]
        offset = 0
        for other in sorted(concurrent, key=lambda b: b.offset):
            if other.offset - offset >= block.size:
                break
            offset = max(offset, other.offset + other.size)
        block.offset = offset
        placed.append(block)
    return max((block.offset + block.size for block in placed), default=0)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
