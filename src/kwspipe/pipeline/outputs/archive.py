"""Output ``archive``: ``<name>.kwspipe.zip`` with the model and its card."""

from pathlib import Path

from kwspipe.config import PipelineConfig
from kwspipe.config.stage_order import IMPORT, ORDER
from kwspipe.exchange import run_archive
from kwspipe.pipeline.outputs import Output


def write(config: PipelineConfig, run_dir: Path) -> None:
    """Writes the archive and the model card, if the run has a model."""
    run_archive.write(run_dir, config.name)


def is_current(config: PipelineConfig, run_dir: Path) -> bool:
    """Returns whether the archive exists, or the run has no model."""
    has_model = (run_dir / "quantize" / "model.tflite").is_file()
    return not has_model or (run_dir / f"{config.name}{run_archive.SUFFIX}").is_file()


OUTPUT = Output("archive", (*ORDER, IMPORT), write, is_current)
