"""prepare: recordings become the decoded clips and noise of the experiment, split by speaker."""

from pathlib import Path
from typing import Any

from rich.console import Console

from kwspipe.config import PipelineConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.recordings import SourceUnavailable, listing_hash
from kwspipe.dataset.sources import extra_noise, make_source
from kwspipe.stages import Stage


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves clips.i16, clips.csv, noise.i16, noise.csv, rejected.csv and summary.json in ``folder``."""
    del run_dir  # the first stage reads nothing from it
    _print_summary(prepare(config.dataset, config.frontend, config.seed, folder))


def _print_summary(summary: dict[str, Any]) -> None:
    console = Console(stderr=True, highlight=False)
    for split in ("training", "validation", "testing"):
        counts = ", ".join(f"{label} {counts[split]}" for label, counts in summary["counts"].items())
        console.print(f"    {split}: {counts} ({summary['speakers'][split]} speakers)")
    if summary["rejected"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary["rejected"].items())
        console.print(f"    left out: {reasons}; see prepare/rejected.csv")
    for skipped in summary["skipped_sources"]:
        console.print(f"    [yellow]source {skipped['source']} skipped:[/] {skipped['reason']}")
    if summary["synthetic"]:
        console.print("    [bold yellow]synthetic speech: no human voice is in this data[/]")


def _sources(config: PipelineConfig) -> dict[str, str]:
    """Hashes the listing of the recordings on disk, so that added or changed files make prepare run again.

    What is downloaded or synthesized is fixed by the configuration.
    """
    hashes = {"noise_roots": listing_hash(extra_noise(config.dataset.noise_roots)[0])}
    if "folder" in config.dataset.sources:
        try:
            found = make_source("folder", config.dataset, config.frontend, config.seed).find()
        except SourceUnavailable:
            hashes["folder"] = "not there"
        else:
            hashes["folder"] = listing_hash([*found.words, *found.noise])
    return hashes


STAGE = Stage(name="prepare", reads=("dataset", "frontend", "seed"), needs=(), run=run, sources=_sources)
