"""Builder of small .tflite files from tensors and operators, without TensorFlow."""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflite as schema

_TYPES = {np.dtype(np.int8): schema.TensorType.INT8, np.dtype(np.int32): schema.TensorType.INT32}
_WINDOW = ("Padding", "StrideH", "StrideW")
_DILATION = ("DilationHFactor", "DilationWFactor")
# Options table of each kind, and its fields in the order of the arguments of ModelBuilder.operator.
_OPTIONS = {
    "CONV_2D": ("Conv2DOptions", (*_WINDOW, *_DILATION, "FusedActivationFunction")),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        (*_WINDOW, *_DILATION, "FusedActivationFunction", "DepthMultiplier"),
    ),
    "FULLY_CONNECTED": ("FullyConnectedOptions", ("FusedActivationFunction",)),
    "ADD": ("AddOptions", ("FusedActivationFunction",)),
    "MUL": ("MulOptions", ("FusedActivationFunction",)),
    "AVERAGE_POOL_2D": (
        "Pool2DOptions",
        (*_WINDOW, "FilterHeight", "FilterWidth", "FusedActivationFunction"),
    ),
    "MAX_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth", "FusedActivationFunction")),
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
    "RESHAPE": ("ReshapeOptions", ()),
    "PAD": ("PadOptions", ()),
}
# The versions of operators that support int8.
_VERSIONS = {"DEPTHWISE_CONV_2D": 3, "CONV_2D": 3, "FULLY_CONNECTED": 4, "RESHAPE": 1}
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
NONE, RELU, RELU6 = (
    schema.ActivationFunctionType.NONE,
    schema.ActivationFunctionType.RELU,
    schema.ActivationFunctionType.RELU6,
)


class ModelBuilder:
    """Builder of a file."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(4096)
        self._tensors: list[int] = []
        self._buffers: list[bytes] = [b""]
        self._kinds: list[str] = []
        self._operators: list[int] = []

    def tensor(
        self,
        shape: Sequence[int],
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        data: np.ndarray | None = None,
        axis: int = 0,
        dtype: int = schema.TensorType.INT8,
    ) -> int:
        """Adds an activation (data None) or a constant, and returns its index."""
        b = self._builder
        buffer = 0
        if data is not None:
            dtype = _TYPES[data.dtype]
            self._buffers.append(data.tobytes())
            buffer = len(self._buffers) - 1
        name = b.CreateString(f"tensor_{len(self._tensors)}")
        shape_vector = self._ints(shape)
        quantization = 0
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            scale_vector = b.CreateNumpyVector(scales)
            zero_vector = b.CreateNumpyVector(np.full(len(scales), zero_point, np.int64))
            schema.QuantizationParametersStart(b)
            schema.QuantizationParametersAddScale(b, scale_vector)
            schema.QuantizationParametersAddZeroPoint(b, zero_vector)
            schema.QuantizationParametersAddQuantizedDimension(b, axis)
            quantization = schema.QuantizationParametersEnd(b)
        schema.TensorStart(b)
        schema.TensorAddShape(b, shape_vector)
        schema.TensorAddType(b, dtype)
        schema.TensorAddBuffer(b, buffer)
        schema.TensorAddName(b, name)
        if quantization:
            schema.TensorAddQuantization(b, quantization)
        self._tensors.append(schema.TensorEnd(b))
        return len(self._tensors) - 1

    def operator(self, kind: str, inputs: Sequence[int], outputs: Sequence[int], *options: Any) -> None:
        """Adds an operator with its options in the order of _OPTIONS."""
        b = self._builder
        if kind not in self._kinds:
            self._kinds.append(kind)
        inputs_vector, outputs_vector = self._ints(inputs), self._ints(outputs)
        table, fields = _OPTIONS.get(kind, ("", ()))
        options_table = 0
        if table:
            getattr(schema, table + "Start")(b)
            for field, value in zip(fields, options, strict=True):
                getattr(schema, f"{table}Add{field}")(b, value)
            options_table = getattr(schema, table + "End")(b)
        schema.OperatorStart(b)
        schema.OperatorAddOpcodeIndex(b, self._kinds.index(kind))
        schema.OperatorAddInputs(b, inputs_vector)
        schema.OperatorAddOutputs(b, outputs_vector)
        if table:
            schema.OperatorAddBuiltinOptionsType(b, getattr(schema.BuiltinOptions, table))
            schema.OperatorAddBuiltinOptions(b, options_table)
        self._operators.append(schema.OperatorEnd(b))

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """Returns the bytes of the file."""
        b = self._builder
        tensors = self._tables(self._tensors)
        operators = self._tables(self._operators)
        inputs_vector, outputs_vector = self._ints(inputs), self._ints(outputs)
        schema.SubGraphStart(b)
        schema.SubGraphAddTensors(b, tensors)
        schema.SubGraphAddInputs(b, inputs_vector)
        schema.SubGraphAddOutputs(b, outputs_vector)
        schema.SubGraphAddOperators(b, operators)
        subgraphs = self._tables([schema.SubGraphEnd(b)])
        codes = []
        for kind in self._kinds:
            code = getattr(schema.BuiltinOperator, kind)
            schema.OperatorCodeStart(b)
            schema.OperatorCodeAddDeprecatedBuiltinCode(b, code)
            schema.OperatorCodeAddBuiltinCode(b, code)
            schema.OperatorCodeAddVersion(b, _VERSIONS.get(kind, 2))
            codes.append(schema.OperatorCodeEnd(b))
        codes_vector = self._tables(codes)
        buffers_vector = self._tables([self._buffer(data) for data in self._buffers])
        schema.ModelStart(b)
        schema.ModelAddVersion(b, 3)
        schema.ModelAddOperatorCodes(b, codes_vector)
        schema.ModelAddSubgraphs(b, subgraphs)
        schema.ModelAddBuffers(b, buffers_vector)
        b.Finish(schema.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def _buffer(self, data: bytes) -> int:
        b = self._builder
        vector = 0
        if data:
            b.StartVector(1, len(data), 16)
            b.head -= len(data)
            b.Bytes[b.Head() : b.Head() + len(data)] = data
            vector = b.EndVector()
        schema.BufferStart(b)
        if data:
            schema.BufferAddData(b, vector)
        return schema.BufferEnd(b)

    def _ints(self, values: Sequence[int]) -> int:
        return self._builder.CreateNumpyVector(np.asarray(values, np.int32))

    def _tables(self, offsets: Sequence[int]) -> int:
        b = self._builder
        b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            b.PrependUOffsetTRelative(offset)
        return b.EndVector()
