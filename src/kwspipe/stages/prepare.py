"""prepare: recordings become the decoded clips and noise of the experiment, split by speaker."""

from pathlib import Path

from rich.console import Console

from kwspipe.config import PipelineConfig
from kwspipe.dataset.prepare import fingerprint, prepare
from kwspipe.stages import Stage


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves clips.i16, clips.csv, noise.i16, noise.csv, rejected.csv and summary.json in ``folder``."""
    del run_dir  # the first stage reads nothing from it
    summary = prepare(config.dataset, config.frontend, config.seed, folder)
    console = Console(stderr=True, highlight=False)
    console.print(f"    {summary}")


STAGE = Stage(
    name="prepare",
    reads=("dataset", "frontend", "seed"),
    needs=(),
    run=run,
    sources=lambda config: fingerprint(config.dataset, config.frontend, config.seed),
)
