"""Plans where activations and scratch memory lie in the arena."""

from dataclasses import dataclass

from kwspipe.compiler import operators as ops

_ALIGNMENT = 8  # KWS_ARENA_ALIGNMENT
_BYTES_PER_VALUE = 2
_TRIES = 100


@dataclass
class _Block:
    size: int
    first: int
    last: int
    offset: int = -1


@dataclass(frozen=True)
class Plan:
    """Byte offsets: of each buffer, and of the scratch memory of each operator (None where it has none)."""

    buffers: dict[int, int]
    scratch: list[int | None]
    size: int


def plan(
    operators: list[ops.Operator], graph_input: ops.Activation, kept: ops.Activation, scratch: list[int]
) -> Plan:
    """Returns offsets such that nothing that is alive at the same time overlaps.

    A sum or table overwrites an input that nothing else reads.

    Args:
        operators: in execution order.
        graph_input: written before the first operator.
        kept: read after the last.
        scratch: bytes of scratch memory each operator needs.
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
    size = _place([*blocks.values(), *(block for block in temporary if block.size)])
    names = {activation.buffer for op in operators for activation in (*op.inputs, op.output)}
    names |= {graph_input.buffer, kept.buffer}
    return Plan(
        {name: blocks[shared.get(name, name)].offset for name in names},
        [block.offset if block.size else None for block in temporary],
        size,
    )


def _share_in_place(operators: list[ops.Operator], kept: ops.Activation) -> dict[int, int]:
    """Buffer -> the buffer it overwrites."""
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


def _place(blocks: list[_Block]) -> int:
    """Sets the blocks' offsets; returns the size of all.

    Greedy placement depends on the order; so the block that ends highest is moved to the front and all are placed
    again, until the size is as small as it can be or so many tries are used up.
    """
    steps = {block.first for block in blocks}
    least = max((sum(b.size for b in blocks if b.first <= step <= b.last) for step in steps), default=0)
    order = sorted(blocks, key=lambda block: (-block.size, block.first))
    best, offsets = _place_in_order(order), [block.offset for block in blocks]
    for _ in range(_TRIES):
        if best == least:
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
    """Gives each block the lowest place that is free for as long as it lives."""
    placed: list[_Block] = []
    for block in blocks:
        neighbours = [other for other in placed if other.first <= block.last and block.first <= other.last]
        offset = 0
        for other in sorted(neighbours, key=lambda b: b.offset):
            if other.offset - offset >= block.size:
                break
            offset = max(offset, other.offset + other.size)
        block.offset = offset
        placed.append(block)
    return max((block.offset + block.size for block in placed), default=0)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
