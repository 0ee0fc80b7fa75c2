"""Entry point of the compiler: from a .tflite file to a model image."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kwspipe.compiler import image_format as container
from kwspipe.compiler import operators as ops
from kwspipe.compiler.fusion import fuse
from kwspipe.compiler.lowering import lower
from kwspipe.compiler.packing import pack
from kwspipe.compiler.tensor_layout import use_row_layout
from kwspipe.errors import KwspipeError
from kwspipe.tflite.reader import Graph, read_graph

_MAX_MACS = 2**28  # KWS_MAX_WORK


@dataclass(frozen=True)
class LayerSummary:
    """Summary of one operator of the device.

    Attributes:
        kinds: the operators in the .tflite file that it implements, for example "CONV_2D+PAD+DEPTHWISE_CONV_2D".
        layers: indices of these operators.
        output_shape: (height, width, channels).
        num_macs: multiply-accumulates of one inference.
    """

    kinds: str
    layers: tuple[int, ...]
    output_shape: tuple[int, int, int]
    num_macs: int


@dataclass(frozen=True)
class ImageSummary:
    """Summary of a compiled model.

    Attributes:
        image_bytes: size of the image.
        arena_bytes: size of the tensor arena.
        layers: summary of each operator of the device, in execution order.
    """

    image_bytes: int
    arena_bytes: int
    layers: tuple[LayerSummary, ...]

    @property
    def num_macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(layer.num_macs for layer in self.layers)


def compile_model(
    tflite: bytes, labels: Sequence[str], frontend_tables: bytes, detector: bytes, name: str
) -> tuple[bytes, ImageSummary]:
    """Compiles an int8 .tflite file.

    Args:
        tflite: an int8 network with batch size 1 and operators that the device supports.
        labels: one label per class, in the order of the outputs.
        frontend_tables: tables of the front end (``kws_frontend_tables.h``).
        detector: settings of the detector (``kws_detector.h``).
        name: name and version of the model.

    Returns:
        The model image and its summary.

    Raises:
        KwspipeError: if the device does not support an operator, or the number of labels differs from the number of
            classes. The error names the operator and the layer.
    """
    graph = read_graph(tflite)
    operators, source, result = _lowered(graph)
    if result.count != len(labels):
        raise KwspipeError(
            "labels", f"{len(labels)} labels", f"{result.count}, one per class", "list each class once"
        )
    operators = fuse(operators, {result.buffer})
    layers = _summarize(graph, operators)
    program, constants, arena = pack(use_row_layout(operators), source, result)
    image = container.write_image(
        {
            container.PROGRAM: program,
            container.CONSTANTS: constants,
            container.LABELS: container.encode_labels(labels),
            container.FRONTEND: frontend_tables,
            container.DETECTOR: detector,
            container.NAME: name.encode(),
        },
        hashlib.sha256(tflite).digest(),
        arena.size,
    )
    return image, ImageSummary(len(image), arena.size, layers)


def _lowered(graph: Graph) -> tuple[list[ops.Operator], ops.Activation, ops.Activation]:
    """Returns the operators, the input and the output of a network with one input and one output."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise KwspipeError(
            ".tflite",
            f"{len(graph.inputs)} inputs, {len(graph.outputs)} outputs",
            "one input and one output",
            "convert again",
        )
    state = lower(graph)
    source = state.activations.get(graph.inputs[0].index)
    result = state.activations.get(graph.outputs[0].index)
    if source is None or result is None:
        raise KwspipeError(
            ".tflite", "an output that does not depend on the input", "a network", "convert again"
        )
    return state.operators, source, result


def _summarize(graph: Graph, operators: Sequence[ops.Operator]) -> tuple[LayerSummary, ...]:
    """Returns the summaries of the operators.

    Raises:
        KwspipeError: if the network has too many multiply-accumulates for the device.
    """
    layers = tuple(_layer_summary(graph, operator) for operator in operators)
    num_macs = sum(layer.num_macs for layer in layers)
    if num_macs > _MAX_MACS // 2:
        raise KwspipeError(
            ".tflite",
            f"{num_macs:,} multiply-accumulates",
            f"{_MAX_MACS // 2:,}",
            "use a smaller network",
        )
    return layers


def _layer_summary(graph: Graph, operator: ops.Operator) -> LayerSummary:
    output = operator.output
    return LayerSummary(
        "+".join(graph.operators[layer].kind for layer in operator.layers),
        operator.layers,
        (output.height, output.width, output.channels),
        operator.num_macs,
    )
