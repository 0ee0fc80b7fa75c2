"""State of the lowering of a graph."""

from dataclasses import dataclass, field

from kwspipe.compiler import operators as ops
from kwspipe.compiler.shapes import MAX_EXTENT, Padding, activation_of, unsupported
from kwspipe.tflite.reader import Graph, Operator, Tensor


@dataclass
class Lowering:
    """State of the lowering of a graph.

    Attributes:
        graph: the graph.
        operators: the lowered operators.
        activations: activation of each lowered tensor, by index.
        paddings: outputs of PAD operators that convolutions include, by index.
    """

    graph: Graph
    operators: list[ops.Operator] = field(default_factory=list)
    activations: dict[int, ops.Activation] = field(default_factory=dict)
    paddings: dict[int, Padding] = field(default_factory=dict)

    def append(self, operator: ops.Operator) -> None:
        """Appends an operator.

        Raises:
            KwspipeError: if a tensor is too large for the device.
        """
        for activation in (*operator.inputs, operator.output):
            if max(activation.height, activation.width, activation.channels) > MAX_EXTENT:
                raise unsupported(
                    self.graph.operators[operator.layers[-1]],
                    f"a tensor of {activation.height} x {activation.width} x {activation.channels}",
                    f"extents of at most {MAX_EXTENT}",
                )
        self.operators.append(operator)

    def define(self, tensor: Tensor, activation: ops.Activation) -> None:
        """Records the activation of a tensor."""
        self.activations[tensor.index] = activation

    def source(self, operator: Operator, tensor: Tensor | None) -> ops.Activation:
        """Returns the activation of an input of an operator.

        Raises:
            KwspipeError: if the input is a constant, or no earlier operator computes it.
        """
        if tensor is None or tensor.data is not None:
            raise unsupported(operator, "a constant in place of an activation", "activations as inputs")
        if tensor.index not in self.activations:
            if tensor.index not in [graph_input.index for graph_input in self.graph.inputs]:
                raise unsupported(
                    operator,
                    f"input {tensor.name!r}, which no earlier operator computes",
                    "operators in order",
                )
            self.define(tensor, activation_of(operator, tensor, -128, 127))
        return self.activations[tensor.index]

    def readers(self, tensor: Tensor) -> list[Operator]:
        """Returns the operators that read a tensor, or no operators if it is an output of the model."""
        if tensor.index in [output.index for output in self.graph.outputs]:
            return []
        return [
            operator
            for operator in self.graph.operators
            if any(source is not None and source.index == tensor.index for source in operator.inputs)
        ]

    def padded_source(self, operator: Operator) -> tuple[ops.Activation, Padding | None]:
        """Returns the input of a convolution without padding, and the PAD operator before it or None."""
        tensor = operator.inputs[0]
        if tensor is not None and tensor.index in self.paddings:
            padding = self.paddings[tensor.index]
            return padding.source, padding
        return self.source(operator, tensor), None
