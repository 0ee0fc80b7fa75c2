"""The compiler from a .tflite to the model image a device runs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kwspipe.compiler import image_format as container
from kwspipe.compiler import operators as ops
from kwspipe.compiler.fusion import fuse
from kwspipe.compiler.lowering import lower
from kwspipe.compiler.orientation import along_rows
from kwspipe.compiler.packing import pack
from kwspipe.errors import KwspipeError
from kwspipe.tflite.reader import Graph, read_graph

_MAX_MACS = 2**28  # KWS_MAX_WORK


@dataclass(frozen=True)
class LayerRow:
    """One operator of the device, for a profile.

    Attributes:
        kinds: what it stands for in the .tflite, as "CONV_2D+PAD+DEPTHWISE_CONV_2D".
        layers: positions there.
        output_shape: (height, width, channels).
        num_macs: multiply-accumulates of one inference.
    """

    kinds: str
    layers: tuple[int, ...]
    output_shape: tuple[int, int, int]
    num_macs: int


@dataclass(frozen=True)
class ImageSummary:
    """What compiling a model gave.

    Attributes:
        image_bytes: size of the whole image.
        arena_bytes: RAM an inference needs on the device.
        layers: one row for each operator the device runs, in order.
    """

    image_bytes: int
    arena_bytes: int
    layers: tuple[LayerRow, ...]

    @property
    def num_macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(row.num_macs for row in self.layers)


def compile_model(
    tflite: bytes, labels: Sequence[str], frontend_tables: bytes, detector: bytes, name: str
) -> tuple[bytes, ImageSummary]:
    """Compiles an int8 .tflite.

    Args:
        tflite: the model; any batch-one int8 network of the operators the device has.
        labels: one a class, in output order.
        frontend_tables: the blob kws_frontend_check takes.
        detector: the blob the detector takes.
        name: name and version of the model.

    Returns:
        The model image, and its summary.

    Raises:
        KwspipeError: something the device cannot run, by operator and layer; or labels that do not match.
    """
    graph = read_graph(tflite)
    operators, source, result = _lowered(graph)
    if result.count != len(labels):
        raise KwspipeError(
            "labels", f"{len(labels)} of them", f"{result.count}, one a class", "name each class once"
        )
    operators = fuse(operators, {result.buffer})
    rows = _rows(graph, operators)
    program, constants, arena = pack(along_rows(operators), source, result)
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
    return image, ImageSummary(len(image), arena.size, rows)


def _lowered(graph: Graph) -> tuple[list[ops.Operator], ops.Activation, ops.Activation]:
    """The operators of a network with one input and one output, that input, and that output."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise KwspipeError(
            ".tflite",
            f"{len(graph.inputs)} inputs, {len(graph.outputs)} outputs",
            "one of each",
            "convert again",
        )
    state = lower(graph)
    source = state.activations.get(graph.inputs[0].index)
    result = state.activations.get(graph.outputs[0].index)
    if source is None or result is None:
        raise KwspipeError(
            ".tflite", "an output that does not follow from the input", "a network", "convert again"
        )
    return state.operators, source, result


def _rows(graph: Graph, operators: Sequence[ops.Operator]) -> tuple[LayerRow, ...]:
    """The profile's rows, of a network that is not too much work for a device."""
    rows = tuple(_row(graph, operator) for operator in operators)
    num_macs = sum(row.num_macs for row in rows)
    if num_macs > _MAX_MACS // 2:
        raise KwspipeError(
            ".tflite", f"{num_macs:,} multiply-accumulates", f"{_MAX_MACS // 2:,}", "shrink it"
        )
    return rows


def _row(graph: Graph, operator: ops.Operator) -> LayerRow:
    output = operator.output
    return LayerRow(
        "+".join(graph.operators[layer].kind for layer in operator.layers),
        operator.layers,
        (output.height, output.width, output.channels),
        operator.num_macs,
    )
