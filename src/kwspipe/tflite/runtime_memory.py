"""Estimate of the tensor arena of TensorFlow Lite Micro, for the parameter ``runtime_memory_size``."""

from typing import Any

from tflite.Model import Model

ALIGNMENT_BYTES = 16
# Memory of TFLite Micro for each tensor besides activations. The estimate is derived from the vendor's base model: its
# runtime_memory_size is 115,584 bytes, its largest set of live activations 76,176 bytes. The rest is 217 bytes for each
# of its 182 tensors.
BOOKKEEPING_BYTES_PER_TENSOR = 224


def estimate(model: bytes) -> int:
    """Returns the size of the arena in bytes: the largest set of live activations, and the memory for each tensor.

    Args:
        model: int8 .tflite with one subgraph.
    """
    graph = Model.GetRootAsModel(model, 0).Subgraphs(0)
    constant = {i for i in range(graph.TensorsLength()) if _is_constant(model, graph, i)}
    first: dict[int, int] = {int(i): 0 for i in graph.InputsAsNumpy()}
    last: dict[int, int] = {}
    for step in range(graph.OperatorsLength()):
        operator = graph.Operators(step)
        for tensor in (int(i) for i in operator.OutputsAsNumpy()):
            first.setdefault(tensor, step)
            last[tensor] = step
        for tensor in (int(i) for i in operator.InputsAsNumpy()):
            last[tensor] = step
    sizes = {i: _bytes(graph.Tensors(i)) for i in first if i not in constant}
    steps = range(graph.OperatorsLength())
    peak = max(
        sum(size for i, size in sizes.items() if first[i] <= step <= last.get(i, step)) for step in steps
    )
    return peak + BOOKKEEPING_BYTES_PER_TENSOR * graph.TensorsLength()


def _is_constant(model: bytes, graph: Any, index: int) -> bool:
    buffer = Model.GetRootAsModel(model, 0).Buffers(graph.Tensors(index).Buffer())
    return int(buffer.DataLength()) > 0


def _bytes(tensor: Any) -> int:
    count = 1
    for size in tensor.ShapeAsNumpy():
        count *= int(size)
    return -(-count // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
