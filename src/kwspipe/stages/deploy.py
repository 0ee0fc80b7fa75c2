"""deploy: pushes the model onto a board."""

from pathlib import Path

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.stages import Stage


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Not there yet."""
    raise KwspipeError(
        "stages",
        "deploy is not part of this version",
        "prepare, train, quantize, evaluate",
        "leave deploy out; the int8 model lies in quantize/model.tflite",
    )


STAGE = Stage(name="deploy", reads=("board",), needs=("quantize",), run=run)
