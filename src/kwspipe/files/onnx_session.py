"""Networks in ONNX files, run by ONNX Runtime; of the extras ``neural`` and ``teacher``."""

from typing import Any


def session(model: bytes | str) -> Any:
    """Returns an inference session on one thread: callers run as many processes as they want.

    Args:
        model: the file's content or its path.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
