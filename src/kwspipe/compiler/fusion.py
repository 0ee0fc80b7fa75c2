"""Operator fusion of a pointwise convolution and the depthwise convolution that follows it.

The fused operator computes the activation between the two convolutions in parts. The tensor arena does not need memory
for the complete activation, which has six times as many channels as its neighbours in MobileNetV2.
"""

from collections import Counter

from kwspipe.compiler import operators as ops


def fuse(operators: list[ops.Operator], kept: set[int]) -> list[ops.Operator]:
    """Returns the operators with all such pairs fused.

    Args:
        operators: operators in execution order.
        kept: buffers of the outputs of the model, which must be complete.
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
    """Returns whether the kernel can read the input in place, in groups of four channels per pixel."""
    window = operator.window
    return (
        window.is_pointwise
        and window.stride_height == window.stride_width == 1
        and operator.inputs[0].channels % 4 == 0
    )
