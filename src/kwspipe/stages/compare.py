"""compare: runs side by side, clip by clip, and whether a difference is more than chance."""

from pathlib import Path

from rich.console import Console

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.exchange.run_archive import SUFFIX, files_of, find_run
from kwspipe.metrics import comparison_report
from kwspipe.metrics.comparison import compare
from kwspipe.metrics.evaluated_run import EvaluatedRun, evaluated_run
from kwspipe.stages import Stage


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves comparison.csv, significance.csv, comparison.md and comparison.html in ``folder``."""
    chosen = config.compare
    if len(chosen.runs) < 2:
        raise KwspipeError(
            "compare.runs",
            f"{len(chosen.runs)} of them",
            "two or more runs: names, run directories or archives",
            "set compare.runs=[one,other]",
        )
    paths = [find_run(text, run_dir.parent) for text in chosen.runs]
    names = _names(chosen.runs)
    runs = [_judged(name, path) for name, path in zip(names, paths, strict=True)]
    result = compare(runs, chosen.clips == "common", chosen.alpha)
    comparison_report.write(result, folder)
    comparison_report.print_comparison(result, Console(highlight=False))


def _judged(name: str, path: Path) -> EvaluatedRun:
    files = files_of(path)
    if not files:
        raise KwspipeError(
            str(path),
            "it holds no model, or one whose files were changed",
            "a run directory in which quantize or adopt has run",
            "run that again",
        )
    return evaluated_run(name, files, str(path))


def _names(runs: tuple[str, ...]) -> list[str]:
    """Short names where they are different ones, else what was given."""
    short = [Path(text).name.removesuffix(SUFFIX) for text in runs]
    return short if len(set(short)) == len(short) else list(runs)


STAGE = Stage(name="compare", reads=("compare",), needs=(), run=run, always=True)
