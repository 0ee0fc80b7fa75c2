"""Inference with TensorFlow Lite's reference kernels, whose results a device must equal bit for bit."""

import importlib
import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.terminal.progress import track

CHUNK_CLIPS = 32
THREADS = 2


def run(model: bytes, features: npt.NDArray[np.int8], what: str) -> npt.NDArray[np.float32]:
    """Computes the posteriors of clips.

    Args:
        model: float or int8 .tflite with one input and one output.
        features: (clips, frames, channels) int8.
        what: text of the progress bar.

    Returns:
        (clips, classes) float32; for an int8 model, the dequantized outputs.
    """
    return posteriors(model, raw(model, features, what))


def posteriors(model: bytes, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Returns raw outputs (clips, classes) as float32, dequantized if the model is an int8 model."""
    scale, zero_point = _interpreter(model).get_output_details()[0]["quantization"]
    return (outputs.astype(np.float32) - zero_point) * np.float32(scale) if scale else outputs


def raw(model: bytes, features: npt.NDArray[np.int8], what: str) -> npt.NDArray[Any]:
    """Computes the outputs (clips, classes) without dequantization; the arguments are those of ``run``."""
    chunks = [features[start : start + CHUNK_CLIPS] for start in range(0, len(features), CHUNK_CLIPS)]
    with ThreadPoolExecutor(THREADS) as pool:
        results = pool.map(lambda chunk: _run_chunk(model, chunk), chunks)
        try:
            return np.concatenate(list(track(results, what, len(chunks))))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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
    """Returns an interpreter: that of TensorFlow if it is loaded, because tflite-runtime fails in the same process."""
    if "tensorflow" in sys.modules:
        lite = importlib.import_module("tensorflow").lite
        kernels = lite.experimental.OpResolverType
    else:
        name = "tflite_runtime" if importlib.util.find_spec("tflite_runtime") else "ai_edge_litert"
        lite = importlib.import_module(f"{name}.interpreter")
        kernels = lite.OpResolverType
    reference = lite.Interpreter(model_content=model, experimental_op_resolver_type=kernels.BUILTIN_REF)
    if reference.get_input_details()[0]["dtype"] == np.float32:
        # Float outputs are not compared bit for bit. The optimized kernels are many times as fast.
        reference = lite.Interpreter(model_content=model)
    reference.allocate_tensors()
    return reference
