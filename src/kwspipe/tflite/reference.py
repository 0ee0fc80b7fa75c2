"""Runs .tflite models with TensorFlow Lite's reference kernels: what a device must equal bit for bit."""

import importlib
import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

CHUNK_CLIPS = 32
THREADS = 2


def run(model: bytes, features: npt.NDArray[np.int8], what: str) -> npt.NDArray[np.float32]:
    """Returns the posteriors of clips.

    Args:
        model: float or int8 .tflite with one input and one output.
        features: (clips, frames, channels) int8.
        what: named in the progress bar.

    Returns:
        (clips, classes) float32; of an int8 model the dequantized outputs.
    """
    return posteriors(model, raw(model, features, what))


def posteriors(model: bytes, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Returns raw outputs (clips, classes) of the model as float32, dequantized where it is an int8 model."""
    scale, zero_point = _interpreter(model).get_output_details()[0]["quantization"]
    return (outputs.astype(np.float32) - zero_point) * np.float32(scale) if scale else outputs


def raw(model: bytes, features: npt.NDArray[np.int8], what: str) -> npt.NDArray[Any]:
    """Returns the outputs (clips, classes) as the model gives them; arguments as for ``run``."""
    chunks = [features[start : start + CHUNK_CLIPS] for start in range(0, len(features), CHUNK_CLIPS)]
    with ThreadPoolExecutor(THREADS) as pool:
        results = pool.map(lambda chunk: _run_chunk(model, chunk), chunks)
        console = Console(stderr=True)
        return np.concatenate(
            list(track(results, f"    {what}", total=len(chunks), transient=True, console=console))
        )


def _run_chunk(model: bytes, features: npt.NDArray[np.int8]) -> npt.NDArray[Any]:
    interpreter = _interpreter(model)
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for clip in features:
        interpreter.set_tensor(source["index"], clip.reshape(source["shape"]).astype(source["dtype"]))
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result["index"])[0])
    return np.stack(outputs)


def _interpreter(model: bytes) -> Any:
    """Takes TensorFlow's interpreter where TensorFlow is loaded: the small runtime fails beside it."""
    if "tensorflow" in sys.modules:
        lite = importlib.import_module("tensorflow").lite
        kernels = lite.experimental.OpResolverType
    else:
        name = "tflite_runtime" if importlib.util.find_spec("tflite_runtime") else "ai_edge_litert"
        lite = importlib.import_module(f"{name}.interpreter")
        kernels = lite.OpResolverType
    reference = lite.Interpreter(model_content=model, experimental_op_resolver_type=kernels.BUILTIN_REF)
    if reference.get_input_details()[0]["dtype"] == np.float32:
        # No device has to equal float outputs bit for bit, and the optimized kernels are many times faster.
        reference = lite.Interpreter(model_content=model)
    reference.allocate_tensors()
    return reference
