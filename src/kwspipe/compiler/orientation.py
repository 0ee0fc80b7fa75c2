"""Lays maps that are one column wide along a row: the same bytes, and a window over time then reads what lies side by
side, in pairs, where along a column each value is a row of its own."""

from dataclasses import replace
from typing import Any

from kwspipe.compiler import operators as ops


def along_rows(operators: list[ops.Operator]) -> list[ops.Operator]:
    """Returns the operators, convolutions of maps that are one column wide as such of maps that are one row high."""
    return [_turned(operator) for operator in operators]


def _turned(operator: ops.Operator) -> ops.Operator:
    match operator:
        case ops.ExpandDepthwise(expand=expand, depthwise=depthwise) if _is_column(depthwise):
            turned = _convolution(expand), _convolution(depthwise)
            return replace(operator, **_ends(operator), expand=turned[0], depthwise=turned[1])
        case ops.Convolve() | ops.Depthwise() if _is_column(operator):
            return _convolution(operator)
    return operator


def _is_column(operator: ops.Convolve | ops.Depthwise) -> bool:
    """Whether what it reads (what lies between too, of two that were joined) and writes is one column wide."""
    window = operator.window
    one_wide = operator.inputs[0].width == operator.output.width == window.kernel_width == 1
    return one_wide and window.pad_left == 0 and operator.output.height > 1


def _convolution(operator: ops.Convolve | ops.Depthwise) -> Any:
    window = operator.window
    turned = ops.Window(
        kernel_width=window.kernel_height,
        stride_height=window.stride_width,
        stride_width=window.stride_height,
        dilation_width=window.dilation_height,
        pad_left=window.pad_top,
    )
    weights = operator.weights.swapaxes(1, 2)  # (output channels, height, width, ...)
    return replace(operator, **_ends(operator), weights=weights, window=turned)


def _ends(operator: ops.Operator) -> dict[str, Any]:
    return {"inputs": tuple(map(_row, operator.inputs)), "output": _row(operator.output)}


def _row(activation: ops.Activation) -> ops.Activation:
    return replace(activation, height=1, width=activation.height)
