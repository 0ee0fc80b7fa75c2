"""Output ``results``: the table of results on the terminal."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from kwspipe.config import PipelineConfig
from kwspipe.pipeline.outputs import Output


def write(_: PipelineConfig, run_dir: Path) -> None:
    """Prints the table of the evaluation."""
    from kwspipe.metrics.table import print_results

    print_results(_metrics(run_dir), Console(highlight=False))


def accuracies(run_dir: Path) -> dict[str, float]:
    """Returns the accuracy of the float and of the int8 model on the test split, by ``float`` and ``int8``."""
    metrics = _metrics(run_dir)
    return {kind: metrics[kind]["accuracy"] for kind in ("float", "int8") if kind in metrics}


def _metrics(run_dir: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((run_dir / "evaluate" / "metrics.json").read_text())
    return metrics


OUTPUT = Output("results", ("evaluate",), write, is_current=lambda *_: True)
