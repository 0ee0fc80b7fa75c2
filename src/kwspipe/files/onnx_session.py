"""ONNX Runtime sessions, available with the extras ``neural`` and ``teacher``."""

from typing import Any


def create_session(model: bytes | str) -> Any:
    """Creates an inference session with one thread. Callers parallelize with processes.

    Args:
        model: content or path of the ONNX file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
