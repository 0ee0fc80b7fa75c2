"""Output ``tracking``: parameters, metrics and artifacts of the run in MLflow."""

from pathlib import Path

from kwspipe.config import PipelineConfig
from kwspipe.config.stage_order import IMPORT, OPTIONAL, ORDER
from kwspipe.files.process import call_in_process
from kwspipe.pipeline import mlflow_tracking
from kwspipe.pipeline.outputs import Output


def write(config: PipelineConfig, run_dir: Path) -> None:
    """Logs the run, unless it is logged already. MLflow runs in a process of its own."""
    if not mlflow_tracking.is_current(config, run_dir):
        call_in_process(mlflow_tracking.track, config, run_dir)


OUTPUT = Output(
    "tracking",
    (*ORDER, IMPORT, *OPTIONAL),
    write,
    mlflow_tracking.is_current,
    check=mlflow_tracking.check,
)
