"""Output ``report``: ``report.html``, one page about the run."""

from pathlib import Path

from kwspipe.config import PipelineConfig
from kwspipe.config.stage_order import IMPORT, OPTIONAL, ORDER
from kwspipe.pipeline.outputs import Output


def write(config: PipelineConfig, run_dir: Path) -> None:
    """Writes the page, unless it is current or nothing has been evaluated."""
    from kwspipe.report.run_page import refresh  # the stages do not need the report's libraries

    refresh(run_dir, config.report)


def is_current(config: PipelineConfig, run_dir: Path) -> bool:
    """Returns whether the page shows the run as it is."""
    from kwspipe.report.run_page import is_current

    return is_current(run_dir, config.report)


OUTPUT = Output("report", (*ORDER, IMPORT, *OPTIONAL), write, is_current, after_failure=True)
