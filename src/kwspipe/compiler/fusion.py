"""Joins each pointwise convolution with the depthwise one that alone reads it, so that what lies between, six times as
wide as its neighbours in a MobileNetV2, never exists as a whole."""

from collections import Counter

from kwspipe.compiler import operators as ops


def fuse(operators: list[ops.Operator], kept: set[int]) -> list[ops.Operator]:
    """Returns the operators with all such pairs joined.

    Args:
        operators: in execution order.
        kept: buffers that have to exist as a whole: the model's outputs.
    """
    readers = Counter(source.buffer for operator in operators for source in operator.inputs)
    writers = Counter(operator.output.buffer for operator in operators)
    expanding = {
        operator.output.buffer: operator
        for operator in operators
        if isinstance(operator, ops.Convolve) and _can_expand(operator)
    }
    fused: list[ops.Operator] = []
    for operator in operators:
        expand = expanding.get(operator.inputs[0].buffer)
        if isinstance(operator, ops.Depthwise) and expand is not None:
            middle = expand.output.buffer
            if readers[middle] == 1 and writers[middle] == 1 and middle not in kept and expand in fused:
                fused.remove(expand)
                layers = tuple(sorted(expand.layers + operator.layers))
                fused.append(ops.ExpandDepthwise(layers, expand.inputs, operator.output, expand, operator))
                continue
        fused.append(operator)
    return fused


def _can_expand(operator: ops.Convolve) -> bool:
    """Only where rows of its input can be read in place, pixel by pixel, in pairs of pairs."""
    window = operator.window
    return (
        window.is_point
        and window.stride_height == window.stride_width == 1
        and operator.inputs[0].channels % 4 == 0
    )
