"""prepare: recordings become the decoded clips and noise of the experiment, split by speaker."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from kwspipe.config import PipelineConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.ray_decode import file_reader
from kwspipe.dataset.sources.configured import input_hashes
from kwspipe.dataset.tts.speech_cache import SpeechCache
from kwspipe.stages import Stage


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves clips-*.i16, noise-*.i16, negative-*.i16, tables of each, rejected.csv and summary.json in ``folder``."""
    del run_dir  # the first stage reads nothing from it
    with file_reader(config.runtime) as read_files:
        summary = prepare(config.dataset, config.frontend, config.seed, folder, read_files)
    _print_summary(summary)
    if summary["synthetic"] or summary["synthetic_training_clips"]:
        _print_cache(config.dataset.synthetic.cache_dir)


def _print_cache(cache_dir: str | None) -> None:
    if cache_dir is None:
        return
    num_utterances, size_bytes = SpeechCache(Path(cache_dir).expanduser()).size()
    message = f"    cache of speech: {num_utterances} utterances, {size_bytes / 1e6:.1f} MB in {cache_dir}"
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)


def _print_summary(summary: dict[str, Any]) -> None:
    console = Console(stderr=True, highlight=False)
    for split in ("training", "validation", "testing"):
        counts = ", ".join(f"{label} {counts[split]}" for label, counts in summary["counts"].items())
        console.print(f"    {split}: {counts} ({summary['speakers'][split]} speakers)")
    if summary["rejected"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary["rejected"].items())
        console.print(f"    left out: {reasons}; see prepare/rejected.csv")
    for skipped in summary["skipped_sources"]:
        console.print(f"    [yellow]source {skipped['source']} skipped:[/] {escape(skipped['reason'])}")
    if summary["synthetic_training_clips"]:
        num_clips = sum(summary["synthetic_training_clips"].values())
        console.print(
            f"    [yellow]{num_clips} synthetic clips are in training, none in validation or testing[/]"
        )
    if summary["synthetic"]:
        console.print("    [bold yellow]synthetic speech: no human voice is in this data[/]")


STAGE = Stage(
    name="prepare",
    reads=("dataset", "frontend", "seed"),  # not the runtime, which changes nothing in what is written
    needs=(),
    run=run,
    sources=lambda config: input_hashes(config.dataset),
)
