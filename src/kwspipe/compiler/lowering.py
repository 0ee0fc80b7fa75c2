"""Lowering of the operators of a .tflite file to operators of the device.

The results equal those of TensorFlow Lite's reference kernels bit for bit.
"""

from collections.abc import Callable
from dataclasses import replace

from kwspipe.compiler import operators as ops
from kwspipe.compiler.addition import lower_add
from kwspipe.compiler.convolutions import lower_convolution, lower_depthwise, lower_fully_connected
from kwspipe.compiler.lookup_tables import lower_logistic_and_tanh, lower_relu_and_quantize, lower_softmax
from kwspipe.compiler.lowering_state import Lowering
from kwspipe.compiler.pooling import lower_mean, lower_pooling
from kwspipe.compiler.shapes import Padding, activation_of, operator_constant, unsupported
from kwspipe.errors import KwspipeError
from kwspipe.tflite.reader import Graph, Operator

_PADDED_BY_CONSUMER = ("CONV_2D", "DEPTHWISE_CONV_2D")
_MAX_PADDING = 255  # KWS_MAX_STEP
_COPIES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def lower(graph: Graph) -> Lowering:
    """Returns the device's operators in execution order.

    Raises:
        KwspipeError: if the device does not support an operator, a type or a shape. The error names the operator and
            the layer.
    """
    state = Lowering(graph)
    inputs = [(tensor, "input") for tensor in graph.inputs]
    outputs = [(tensor, "output") for tensor in graph.outputs]
    for tensor, role in inputs + outputs:
        if tensor.dtype != "int8":
            raise KwspipeError(
                f".tflite {role} {tensor.name!r}",
                f"type {tensor.dtype}",
                "int8",
                "convert with inference_input_type and inference_output_type int8",
            )
    for operator in graph.operators:
        _LOWERERS.get(operator.kind, _unsupported)(state, operator)
    return state


def _unsupported(state: Lowering, operator: Operator) -> None:
    raise unsupported(
        operator,
        f"operator {operator.kind}",
        ", ".join(sorted(_LOWERERS)),
    )


def _copy(state: Lowering, operator: Operator) -> None:
    """Lowers a change of the shape. The output shares the memory of the input."""
    source = state.source(operator, operator.inputs[0])
    output = activation_of(operator, operator.outputs[0], source.lowest, source.highest)
    if (output.count, output.scale, output.zero_point) != (source.count, source.scale, source.zero_point):
        raise unsupported(
            operator,
            "different size or quantization of input and output",
            "the same elements in another shape",
        )
    state.define(operator.outputs[0], replace(output, buffer=source.buffer))


def _pad(state: Lowering, operator: Operator) -> None:
    """Lowers PAD. Convolutions that read its output include the padding. Other readers need the kernel."""
    source = state.source(operator, operator.inputs[0])
    amounts = operator_constant(operator, 1)
    output = activation_of(operator, operator.outputs[0], source.lowest, source.highest)
    value = source.zero_point
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        value = int(operator_constant(operator, 2).reshape(-1)[0])
    if amounts.shape != (4, 2) or amounts[[0, 3]].any() or amounts.min() < 0 or amounts.max() > _MAX_PADDING:
        raise unsupported(
            operator,
            f"paddings {amounts.tolist()}",
            f"0 to {_MAX_PADDING} around height and width of 4 dimensions",
        )
    top, bottom, left, right = (int(amount) for amount in amounts[1:3].reshape(-1))
    extents = (source.height + top + bottom, source.width + left + right)
    same = (source.scale, source.zero_point) == (output.scale, output.zero_point)
    if not same or (output.height, output.width, output.channels) != (*extents, source.channels):
        raise unsupported(
            operator,
            "an output whose size or quantization does not match the input and the paddings",
            "the size of input and paddings, and the quantization of the input",
        )
    readers = state.readers(operator.outputs[0])
    if value == source.zero_point and readers and all(r.kind in _PADDED_BY_CONSUMER for r in readers):
        state.paddings[operator.outputs[0].index] = Padding(operator.index, source, top, left, extents)
        return
    output = replace(output, lowest=min(source.lowest, value), highest=max(source.highest, value))
    state.define(operator.outputs[0], output)
    window = ops.Window(pad_top=top, pad_left=left)
    state.append(ops.Pad((operator.index,), (source,), output, window, value))


_LOWERERS: dict[str, Callable[[Lowering, Operator], None]] = {
    "CONV_2D": lower_convolution,
    "DEPTHWISE_CONV_2D": lower_depthwise,
    "FULLY_CONNECTED": lower_fully_connected,
    "ADD": lower_add,
    "PAD": _pad,
    "PADV2": _pad,
    "AVERAGE_POOL_2D": lower_pooling,
    "MAX_POOL_2D": lower_pooling,
    "MEAN": lower_mean,
    "SOFTMAX": lower_softmax,
    "RELU": lower_relu_and_quantize,
    "RELU6": lower_relu_and_quantize,
    "RELU_N1_TO_1": lower_relu_and_quantize,
    "QUANTIZE": lower_relu_and_quantize,
    "LOGISTIC": lower_logistic_and_tanh,
    "TANH": lower_logistic_and_tanh,
    **{kind: _copy for kind in _COPIES},
}
