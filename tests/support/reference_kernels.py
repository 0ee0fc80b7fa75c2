"""Outputs of the reference kernels of TensorFlow Lite. The process must not import TensorFlow."""

import struct

import numpy as np
import pytest
import tflite as schema


def run_reference(tflite: bytes, inputs: np.ndarray) -> np.ndarray:
    """Returns the outputs (clips, classes) int8 of inputs (clips, ...) int8."""
    interpreter = make_interpreter(tflite)
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for clip in inputs:
        interpreter.set_tensor(source["index"], clip.reshape(source["shape"]))
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result["index"]).reshape(-1))
    return np.stack(outputs)


def with_output(tflite: bytes, layer: int) -> bytes:
    """Returns the model with the output of one of its operators as its only output.

    The interpreter cannot return inner tensors reliably, because additions overwrite their inputs.
    """
    subgraph = schema.Model.GetRootAs(tflite, 0).Subgraphs(0)
    outputs = subgraph._tab.Vector(subgraph._tab.Offset(8))  # slot of SubGraph.outputs
    changed = bytearray(tflite)
    struct.pack_into("<i", changed, outputs, subgraph.Operators(layer).Outputs(0))
    return bytes(changed)


def make_interpreter(tflite: bytes):
    """Returns an interpreter with the reference kernels, ready to run."""
    runtime = pytest.importorskip(
        "tflite_runtime.interpreter",
        reason="needs tflite-runtime: ai-edge-litert rounds once in FULLY_CONNECTED where the reference rounds twice",
    )
    interpreter = runtime.Interpreter(
        model_content=tflite, experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    return interpreter
