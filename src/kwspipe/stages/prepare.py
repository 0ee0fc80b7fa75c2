"""Stage ``prepare``: decodes recordings into the clip store of the experiment, split by speaker."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from kwspipe.config import PipelineConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.ray_decode import file_reader
from kwspipe.dataset.sources.source_factory import input_hashes
from kwspipe.dataset.tts.speech_cache import SpeechCache
from kwspipe.stages import Stage


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes clips-*.i16, noise-*.i16, negative-*.i16, tables of each, rejected.csv and summary.json in ``folder``."""
    del run_dir
    with file_reader(config.runtime) as read_files:
        summary = prepare(config.dataset, config.frontend, config.seed, folder, read_files)
    _print_summary(summary)
    if summary["synthetic"] or summary["synthetic_training_clips"]:
        _print_cache(config.dataset.synthetic.cache_dir)


def _print_cache(cache_dir: str | None) -> None:
    if cache_dir is None:
        return
    num_utterances, size_bytes = SpeechCache(Path(cache_dir).expanduser()).size()
    message = f"    speech cache: {num_utterances} utterances, {size_bytes / 1e6:.1f} MB in {cache_dir}"
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)


def _print_summary(summary: dict[str, Any]) -> None:
    console = Console(stderr=True, highlight=False)
    for split in ("training", "validation", "testing"):
        counts = ", ".join(f"{label} {counts[split]}" for label, counts in summary["counts"].items())
        console.print(f"    {split}: {counts} ({summary['speakers'][split]} speakers)")
    if summary["rejected"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary["rejected"].items())
        console.print(f"    rejected: {reasons}; see prepare/rejected.csv")
    for skipped in summary["skipped_sources"]:
        console.print(f"    [yellow]source {skipped['source']} skipped:[/] {escape(skipped['reason'])}")
    if summary["synthetic_training_clips"]:
        num_clips = sum(summary["synthetic_training_clips"].values())
        console.print(
            f"    [yellow]{num_clips} synthetic clips are in training, none in validation or testing[/]"
        )
    if summary["synthetic"]:
        console.print("    [bold yellow]synthetic speech: the data contain no human voice[/]")


STAGE = Stage(
    name="prepare",
    reads=("dataset", "frontend", "seed"),  # the runtime does not change the result
    needs=(),
    run=run,
    sources=lambda config: input_hashes(config.dataset, config.frontend, config.seed),
)
