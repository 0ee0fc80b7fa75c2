"""Printing of the summary at the end of a run."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kwspipe import stages
from kwspipe.config import PipelineConfig, stage_order
from kwspipe.exchange.run_archive import SUFFIX
from kwspipe.labels import keywords_of
from kwspipe.pipeline import plan
from kwspipe.pipeline.summary import commands
from kwspipe.pipeline.summary.advice import assess
from kwspipe.pipeline.summary.figures import Figure, clip_figures, model_text, stream_figures, thresholds_text
from kwspipe.pipeline.summary.warnings import few_clips_warning, synthetic_warning
from kwspipe.report.run_contents import RunContents, read
from kwspipe.report.run_page import REPORT
from kwspipe.runs.artifacts import stale_because
from kwspipe.terminal.lines import console as shared_console

INDENT = 2
MAX_WIDTH = 100  # of sentences
MAX_WORDS = 6  # keywords in the title
PURPOSE_WIDTH = 8
AUDIO_PACKAGE, AUDIO_EXTRA = "sounddevice", "audio"
# Pages of stages that are not part of the report.
PAGES = {"inspect": "index.html", "compare": "comparison.html"}


def print_summary(
    config: PipelineConfig, run_dir: Path, chosen: Sequence[str], failed: bool, console: Console | None = None
) -> None:
    """Prints the summary of a run.

    With ``evaluate`` among the stages, the summary contains the warnings, the figures and the model. A failed run has
    no next commands.

    Args:
        config: the experiment.
        run_dir: the run directory.
        chosen: stages of the run.
        failed: a stage failed.
        console: output; None: standard output.

    Raises:
        KwspipeError: a file of the run is damaged.
    """
    page = _Page(console or shared_console(stderr=False))
    run = read(run_dir)
    with_results = run.metrics is not None and "evaluate" in chosen
    if failed and not (with_results and _is_current("evaluate", config, run_dir)):
        return
    if with_results:
        _print_results(page, run, config)
    is_main = bool({*stage_order.ORDER, stage_order.IMPORT} & set(chosen))
    pages = [run_dir / stage / file for stage, file in PAGES.items() if stage in chosen]
    opening = None if failed else _opening([*pages, run_dir / REPORT] if is_main else pages)
    paths = {"report": run_dir / REPORT} if opening is None else {}
    paths["model"] = run_dir / "quantize" / "model.tflite"
    if not failed:  # otherwise the archive is that of an earlier run
        paths["archive"] = run_dir / f"{config.name}{SUFFIX}"
    if with_results:
        page.pairs(
            "Files", [(title, commands.shown(path)) for title, path in paths.items() if path.is_file()]
        )
    else:
        page.line(f"Run directory: {commands.shown(run_dir)} ({', '.join(chosen)})")
    continuing = (
        _continuing(config, run_dir, chosen, run.metrics is not None) if is_main and not failed else []
    )
    page.pairs("Next", [*([("open", opening)] if opening else []), *continuing])


def _is_current(name: str, config: PipelineConfig, run_dir: Path) -> bool:
    stage = stages.load(name)
    return stale_because(run_dir / stage.folder, plan.fingerprint_of(stage, config, run_dir)) is None


def print_job_line(run_dir: Path, chosen: Sequence[str], console: Console | None = None) -> None:
    """Prints the figures of a job of a sweep as one line, or nothing if ``evaluate`` is not among its stages.

    Args:
        run_dir: the run directory of the job.
        chosen: stages of the job.
        console: output; None: standard output.
    """
    run = read(run_dir)
    if run.metrics is None or "evaluate" not in chosen:
        return
    figures = clip_figures(run.metrics, None) + stream_figures(run.metrics.get("streaming") or {})
    shown = [figure for figure in figures if not figure.name.startswith(" ") and figure.interval]
    text = ", ".join(f"{figure.name} {figure.value} ({figure.interval})" for figure in shown)
    _Page(console or shared_console(stderr=False)).line(f"{run_dir.name}: {text}")


def _print_results(page: "_Page", run: RunContents, config: PipelineConfig) -> None:
    assert run.metrics is not None
    metrics = run.metrics
    words = keywords_of(run.labels)
    listed = ", ".join(words[:MAX_WORDS]) + (
        f" and {len(words) - MAX_WORDS} more" if len(words) > MAX_WORDS else ""
    )
    page.line("")
    page.line(f"{config.name}: {listed}", "bold")
    warnings = synthetic_warning(metrics.get("data", {})), few_clips_warning(metrics, config.dataset)
    for warning in filter(None, warnings):
        page.sentence(f"Warning: {warning}.", "yellow")
    speakers = metrics.get("data", {}).get("speakers", {}).get("testing")
    by = f" of {speakers:,} speakers" if speakers else ""
    clips = f"{metrics['int8']['clips']:,} test clips{by}, int8"
    page.figures(clips, clip_figures(metrics, run.scores), "95 % interval")
    parity = metrics.get("parity")
    if parity and parity["equal"] < parity["clips"]:
        differing = parity["clips"] - parity["equal"]
        page.sentence(
            f"The device's code differs from the reference kernels on {differing:,} of {parity['clips']:,} clips.",
            "bold red",
        )
    if isinstance(metrics.get("streaming"), dict):
        _print_streams(page, run, config)
    _print_model(page, run, config.board.name)


def _print_streams(page: "_Page", run: RunContents, config: PipelineConfig) -> None:
    assert run.metrics is not None
    streaming = run.metrics["streaming"]
    page.figures(f"Streams, {thresholds_text(streaming)}", stream_figures(streaming))
    if streaming.get("false_accepts_per_hour") is None:
        page.sentence(
            "False accepts were not counted, because there is no audio without keywords: "
            "'dataset.negative_roots=[path/to/talk]'",
            "yellow",
        )
    assessment = assess(run.metrics, config)
    if assessment.unproven:
        page.sentence(f"{assessment.unproven}.", "yellow")
    if assessment.poor:
        page.sentence(f"Poor: {' and '.join(assessment.poor)}. Measures, by effect:", "yellow")
        for measure in assessment.measures:
            page.line(f"  - {measure}")


def _print_model(page: "_Page", run: RunContents, board_name: str) -> None:
    image = run.run_dir / "quantize" / "model.kws"
    if not image.is_file():
        return
    name = board_name if board_name in run.boards else next(iter(run.boards), None)
    board = run.boards[name] if name else None
    counts = [row.get("instructions") for row in run.profile or ()]
    instructions = sum(map(int, filter(None, counts))) if counts and all(counts) else None
    title = "Model"
    if board:
        title += f" on {board['board']}" + (f" ({name})" if name != board["board"] else "")
    page.line(title, "bold")
    page.sentence(model_text(board, image.read_bytes(), instructions))


def _opening(pages: Sequence[Path]) -> str | None:
    """Returns the command that opens the first page that exists, or None."""
    path = next((path for path in pages if path.is_file()), None)
    return commands.open_command(path) if path else None


def _continuing(
    config: PipelineConfig, run_dir: Path, chosen: Sequence[str], is_evaluated: bool
) -> list[tuple[str, str]]:
    """Returns the commands that continue the run: (purpose, command or note)."""
    command = commands.command_of_this_process()
    if command is None:
        return []
    done = {purpose for purpose in (commands.LISTEN, commands.EXPORT) if purpose in chosen}
    if "deploy" in chosen and config.board.name == commands.REAL_BOARD:
        done.add(commands.DEPLOY)
    has_model = (run_dir / "quantize" / "model.tflite").is_file()
    found = commands.next_commands(command, has_model, is_evaluated, done)
    if found[:1] and found[0][0] == commands.LISTEN and importlib.util.find_spec(AUDIO_PACKAGE) is None:
        found.insert(1, ("", f"(first: pip install 'kwspipe[{AUDIO_EXTRA}]')"))
    return found


class _Page:
    """Lines of the summary. Only sentences are wrapped, so that commands and paths can be copied."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def line(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style), soft_wrap=True)

    def sentence(self, text: str, style: str = "") -> None:
        width = min(self.console.width, MAX_WIDTH) - INDENT
        for line in Text(text, style).wrap(self.console, width):
            line.rstrip()
            self.console.print(Text(" " * INDENT).append_text(line), soft_wrap=True)

    def pairs(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Prints a title and one line per pair, or nothing without pairs."""
        if rows:
            self.line(title, "bold")
        for name, text in rows:
            self.line(f"{'':{INDENT}}{name:<{PURPOSE_WIDTH}}{text}")

    def figures(self, title: str, figures: Sequence[Figure], heading: str = "") -> None:
        """Prints a title with the heading of the intervals, and one line per figure."""
        self.console.print(Text(f"{title:<40}{heading}".rstrip(), "bold"), soft_wrap=True)
        for figure in figures:
            text = Text(f"  {figure.name:<28}")
            text.append(f"{figure.value:>8}", figure.style)
            text.append(f"  {figure.interval:<15} {figure.note}".rstrip())
            self.console.print(text, soft_wrap=True)
