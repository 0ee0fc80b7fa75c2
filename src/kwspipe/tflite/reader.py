"""Graph of a .tflite as dataclasses, read without TensorFlow.

The schema is that of the PyPI package ``tflite`` (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite as schema

from kwspipe.errors import KwspipeError

FILE_IDENTIFIER = b"TFL3"
_REMEDY = "convert the model again, or use an undamaged copy of the file"
_OPERATOR_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
_TYPE_NAMES = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
_NUMPY_TYPES = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "int32": np.int32, "int64": np.int64}
# Exceptions of the flatbuffers accessors for offsets outside the file.
_DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    OverflowError,
    AssertionError,
    MemoryError,
    AttributeError,
)


@dataclass(frozen=True)
class Tensor:
    """One tensor.

    Attributes:
        scales: (1,) or (channels,) float32; empty if the tensor is not quantized.
        zero_points: int64, in the shape of ``scales``.
        quantized_dimension: axis of the channels, if there is a scale per channel.
        data: the values of a constant, in ``shape``; None for an activation.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    quantized_dimension: int
    data: npt.NDArray[Any] | None


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        index: position in the execution order.
        kind: name of the operator in TensorFlow Lite.
        inputs: None for an optional input that is absent.
        outputs: at least one.
        options: of the operator, by name; empty for kinds without options here.
    """

    index: int
    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: dict[str, Any]

    @property
    def location(self) -> str:
        """Location for error messages: position, kind and output name of the operator."""
        return f"layer {self.index} ({self.kind}, {self.outputs[0].name!r})"


@dataclass(frozen=True)
class Graph:
    """The only subgraph of a model, with operators in execution order."""

    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_graph(tflite: bytes) -> Graph:
    """Returns the graph of a .tflite.

    Raises:
        KwspipeError: the file is not a .tflite, is damaged, or has several subgraphs.
    """
    if len(tflite) < 8 or tflite[4:8] != FILE_IDENTIFIER:
        raise KwspipeError(
            ".tflite", "not a TensorFlow Lite model", "a file with the identifier TFL3", _REMEDY
        )
    try:
        model = schema.Model.GetRootAs(tflite, 0)
        if model.SubgraphsLength() == 1:
            return _graph(model)
        received = f"{model.SubgraphsLength()} subgraphs"
    except _DAMAGE as error:
        raise KwspipeError(
            ".tflite", f"damaged ({error})", "a complete TensorFlow Lite model", _REMEDY
        ) from None
    raise KwspipeError(".tflite", received, "one subgraph", "convert a model without control flow")


def _graph(model: Any) -> Graph:
    subgraph = model.Subgraphs(0)
    tensors = [_tensor(model, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength())]
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    # Codes above 127 are stored in the newer field. The older field then contains 127.
    kinds = [_OPERATOR_NAMES.get(max(c.DeprecatedBuiltinCode(), c.BuiltinCode()), "unknown") for c in codes]

    def at(index: int) -> Tensor:
        if not 0 <= index < len(tensors):
            raise IndexError(f"tensor {index} of {len(tensors)}")
        return tensors[index]

    operators = []
    for i in range(subgraph.OperatorsLength()):
        operator = subgraph.Operators(i)
        kind = kinds[operator.OpcodeIndex()]
        inputs = [operator.Inputs(j) for j in range(operator.InputsLength())]
        outputs = [operator.Outputs(j) for j in range(operator.OutputsLength())]
        if not inputs or not outputs:
            raise ValueError(f"operator {i} has {len(inputs)} inputs and {len(outputs)} outputs")
        operators.append(
            Operator(
                i,
                kind,
                tuple(None if j == -1 else at(j) for j in inputs),
                tuple(at(j) for j in outputs),
                _options(kind, operator.BuiltinOptions()),
            )
        )
    return Graph(
        tuple(operators),
        tuple(at(subgraph.Inputs(i)) for i in range(subgraph.InputsLength())),
        tuple(at(subgraph.Outputs(i)) for i in range(subgraph.OutputsLength())),
    )


def _tensor(model: Any, tensor: Any, index: int) -> Tensor:
    shape = tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))
    dtype = _TYPE_NAMES.get(tensor.Type(), "unknown")
    quantization = tensor.Quantization()
    scales: npt.NDArray[np.float32] = np.empty(0, np.float32)
    zero_points: npt.NDArray[np.int64] = np.empty(0, np.int64)
    dimension = 0
    if quantization is not None and quantization.ScaleLength():
        scales = np.array(quantization.ScaleAsNumpy(), np.float32)
        zero_points = np.zeros(len(scales), np.int64)
        if quantization.ZeroPointLength():
            zero_points[:] = quantization.ZeroPointAsNumpy()
        dimension = quantization.QuantizedDimension()
    return Tensor(
        index,
        (tensor.Name() or b"").decode("utf-8", "replace"),
        shape,
        dtype,
        scales,
        zero_points,
        dimension,
        _constant(model, tensor.Buffer(), shape, dtype),
    )


def _constant(model: Any, buffer: int, shape: tuple[int, ...], dtype: str) -> npt.NDArray[Any] | None:
    # Buffer 0 is empty by convention. Tensors without data refer to it.
    if buffer == 0 or model.Buffers(buffer).DataLength() == 0 or dtype not in _NUMPY_TYPES:
        return None
    data = np.asarray(model.Buffers(buffer).DataAsNumpy()).tobytes()
    return np.frombuffer(data, np.dtype(_NUMPY_TYPES[dtype]).newbyteorder("<")).reshape(shape)


def _options(kind: str, table: Any) -> dict[str, Any]:
    read = _OPTION_READERS.get(kind)
    if read is None:
        return {}
    if table is None:
        raise ValueError(f"a {kind} without its options")
    return read(table)


def _reader(table_type: Any, **accessors: str) -> Callable[[Any], dict[str, Any]]:
    """Returns a reader of an options table; ``accessors`` are the schema's accessors by the option's name here."""

    def read(table: Any) -> dict[str, Any]:
        options = table_type()
        options.Init(table.Bytes, table.Pos)
        return {name: getattr(options, accessor)() for name, accessor in accessors.items()}

    return read


_WINDOW = {"padding": "Padding", "stride_height": "StrideH", "stride_width": "StrideW"}
_DILATION = {"dilation_height": "DilationHFactor", "dilation_width": "DilationWFactor"}
_ACTIVATION = {"activation": "FusedActivationFunction"}
_POOL = _reader(
    schema.Pool2DOptions, **_WINDOW, **_ACTIVATION, filter_height="FilterHeight", filter_width="FilterWidth"
)
_OPTION_READERS = {
    "CONV_2D": _reader(schema.Conv2DOptions, **_WINDOW, **_DILATION, **_ACTIVATION),
    "DEPTHWISE_CONV_2D": _reader(
        schema.DepthwiseConv2DOptions,
        **_WINDOW,
        **_DILATION,
        **_ACTIVATION,
        depth_multiplier="DepthMultiplier",
    ),
    "FULLY_CONNECTED": _reader(schema.FullyConnectedOptions, **_ACTIVATION, weights_format="WeightsFormat"),
    "ADD": _reader(schema.AddOptions, **_ACTIVATION),
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "MEAN": _reader(schema.ReducerOptions, keep_dims="KeepDims"),
    "SOFTMAX": _reader(schema.SoftmaxOptions, beta="Beta"),
}
