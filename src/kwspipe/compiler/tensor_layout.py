"""Tensor layout of activations: reshapes (height, 1, channels) to (1, height, channels) around convolutions.

Both shapes have the same bytes. With the time along the width, a window over time reads adjacent values, which the
kernels load in pairs. With the time along the height, each value is a row of its own.
"""

from dataclasses import replace
from typing import Any

from kwspipe.compiler import operators as ops


def use_row_layout(operators: list[ops.Operator]) -> list[ops.Operator]:
    """Returns the operators, with row layout in each convolution whose activations are one column wide."""
    return [_with_row_layout(operator) for operator in operators]


def _with_row_layout(operator: ops.Operator) -> ops.Operator:
    match operator:
        case ops.ExpandDepthwise(expand=expand, depthwise=depthwise) if _is_column(depthwise):
            return replace(
                operator,
                **_row_activations(operator),
                expand=_transposed(expand),
                depthwise=_transposed(depthwise),
            )
        case ops.Convolve() | ops.Depthwise() if _is_column(operator):
            return _transposed(operator)
    return operator


def _is_column(operator: ops.Convolve | ops.Depthwise) -> bool:
    """Returns whether input and output are one column wide.

    The activation between the two convolutions of an ExpandDepthwise is the input of its depthwise convolution.
    """
    window = operator.window
    is_one_wide = operator.inputs[0].width == operator.output.width == window.kernel_width == 1
    return is_one_wide and window.pad_left == 0 and operator.output.height > 1


def _transposed(operator: ops.Convolve | ops.Depthwise) -> Any:
    window = operator.window
    transposed = ops.Window(
        kernel_width=window.kernel_height,
        stride_height=window.stride_width,
        stride_width=window.stride_height,
        dilation_width=window.dilation_height,
        pad_left=window.pad_top,
    )
    weights = operator.weights.swapaxes(1, 2)  # (output channels, height, width, ...)
    return replace(operator, **_row_activations(operator), weights=weights, window=transposed)


def _row_activations(operator: ops.Operator) -> dict[str, Any]:
    return {"inputs": tuple(map(_row, operator.inputs)), "output": _row(operator.output)}


def _row(activation: ops.Activation) -> ops.Activation:
    return replace(activation, height=1, width=activation.height)
