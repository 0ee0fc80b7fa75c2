"""Plan of the tensor arena: in-place additions, and no overlap of buffers."""

from itertools import pairwise

import numpy as np

from kwspipe.compiler import operators as ops
from kwspipe.compiler.arena import plan_arena
from kwspipe.compiler.linear_add import LinearAddFactors


def activation(buffer: int, count: int) -> ops.Activation:
    return ops.Activation(buffer, 1, 1, count, 1.0, 0)


def test_an_addition_overwrites_an_input_that_is_not_read_again():
    first, second, total = activation(0, 100), activation(1, 100), activation(2, 100)
    add = ops.LinearAdd((0,), (first, second), total, LinearAddFactors(1, 1, 0))
    arena = plan_arena([ops.Pool((0,), (first,), second, ops.Window(), True), add], first, total, [0, 0])
    assert arena.buffers[2] in (arena.buffers[0], arena.buffers[1])
    assert arena.size == 400


def test_buffers_with_overlapping_lifetimes_do_not_overlap():
    rng = np.random.default_rng(0)
    for _ in range(30):
        buffers = [activation(i, int(rng.integers(1, 200))) for i in range(10)]
        chain = [
            ops.Pool(
                (0,), (buffers[i], buffers[int(rng.integers(0, i + 1))]), buffers[i + 1], ops.Window(), True
            )
            for i in range(9)
        ]
        scratch = [int(rng.integers(0, 100)) for _ in chain]
        arena = plan_arena(chain, buffers[0], buffers[9], scratch)
        for step, operator in enumerate(chain):
            alive = {
                buffer.buffer: buffer
                for other in chain[: step + 1]
                for buffer in (other.output, *other.inputs)
                if buffer is operator.output or any(buffer in later.inputs for later in chain[step:])
            }
            blocks = [(arena.buffers[name], buffer.count * 2) for name, buffer in alive.items()]
            offset = arena.scratch[step]
            if offset is not None:
                blocks.append((offset, scratch[step]))
            blocks.sort()
            for (start, size), (next_start, _) in pairwise(blocks):
                assert start + size <= next_start
            assert max(start + size for start, size in blocks) <= arena.size
