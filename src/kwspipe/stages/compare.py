"""Stage ``compare``: metrics of several runs side by side, and significance tests on their common clips."""

from pathlib import Path

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.exchange.run_archive import SUFFIX, find_run, read_run
from kwspipe.metrics import comparison_report
from kwspipe.metrics.comparison import compare
from kwspipe.metrics.evaluated_run import EvaluatedRun, evaluated_run
from kwspipe.report import comparison_page, page
from kwspipe.stages import Stage
from kwspipe.terminal.lines import console


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes comparison.csv, significance.csv, comparison.md and comparison.html in ``folder``."""
    chosen = config.compare
    if len(chosen.runs) < 2:
        raise KwspipeError(
            "compare.runs",
            f"{len(chosen.runs)} run(s)",
            "two or more runs: names, run directories or archives",
            "set compare.runs=[one,other]",
        )
    paths = [find_run(text, run_dir.parent) for text in chosen.runs]
    repeated = [text for number, text in enumerate(chosen.runs) if paths.index(paths[number]) < number]
    if repeated:
        raise KwspipeError(
            "compare.runs", f"{repeated[0]} twice", "each run once", "leave out the repeated run"
        )
    names = _names(chosen.runs)
    runs = [_evaluated(name, path) for name, path in zip(names, paths, strict=True)]
    result = compare(runs, chosen.clips == "common", chosen.alpha)
    comparison_report.write(result, folder)
    page.write(folder / "comparison.html", comparison_page.compose(result))
    comparison_report.print_comparison(result, console(stderr=False))


def _evaluated(name: str, path: Path) -> EvaluatedRun:
    files = read_run(path)
    if not files:
        raise KwspipeError(
            str(path),
            "no model, or a model whose files were changed",
            "a run directory after the stage quantize or import",
            "run that stage again",
        )
    return evaluated_run(name, files, str(path))


def _names(runs: tuple[str, ...]) -> list[str]:
    """Returns short names if they differ, otherwise the given texts."""
    short = [Path(text).name.removesuffix(SUFFIX) for text in runs]
    return short if len(set(short)) == len(short) else list(runs)


STAGE = Stage(name="compare", reads=("compare",), needs=(), run=run, always=True)
