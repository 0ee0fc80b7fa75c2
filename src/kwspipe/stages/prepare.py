"""Stage ``prepare``: decodes recordings into the clip store of the experiment, split by speaker."""

from pathlib import Path
from typing import Any

from kwspipe.config import PipelineConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.ray_decode import file_reader
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.requirements import dataset_errors
from kwspipe.dataset.sources.source_factory import input_hashes
from kwspipe.dataset.tts.speech_cache import SpeechCache
from kwspipe.errors import ConfigError
from kwspipe.labels import is_keyword
from kwspipe.stages import Stage
from kwspipe.terminal.lines import print_line


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes clips-*.i16, noise-*.i16, negative-*.i16, tables of each, rejected.csv and summary.json in ``folder``."""
    del run_dir
    with file_reader(config.runtime) as read_files:
        summary = prepare(config.dataset, config.frontend, config.seed, folder, read_files)
    _print_summary(summary)
    if summary["synthetic"] or summary["synthetic_training_clips"]:
        _print_cache(config.dataset.synthetic.cache_dir)


def check(config: PipelineConfig) -> None:
    """Checks words, folders, speakers and synthesizers of the data set without decoding recordings.

    Raises:
        KwspipeError: the only requirement that is not fulfilled.
        ConfigError: several requirements are not fulfilled.
    """
    errors = dataset_errors(config.dataset, config.frontend, config.seed)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ConfigError([str(error) for error in errors])


def _print_cache(cache_dir: str | None) -> None:
    if cache_dir is None:
        return
    num_utterances, size_bytes = SpeechCache(Path(cache_dir).expanduser()).size()
    print_line(f"speech cache: {num_utterances} utterances, {size_bytes / 1e6:.1f} MB in {cache_dir}")


def _print_summary(summary: dict[str, Any]) -> None:
    counts = summary["counts"]
    for split in SPLITS:
        numbers = ", ".join(f"{label} {of_label[split]}" for label, of_label in counts.items())
        num_speakers = summary["speakers"][split]
        print_line(f"{split}: {numbers} ({num_speakers} speaker{'s' if num_speakers != 1 else ''})")
    if summary["rejected"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary["rejected"].items())
        print_line(f"rejected: {reasons}; see prepare/rejected.csv")
    for split in ("validation", "testing"):
        lacking = [label for label in counts if is_keyword(label) and not counts[label][split]]
        if lacking and any(counts[label][split] for label in counts if is_keyword(label)):
            print_line(
                f"no clips of {', '.join(lacking)} in {split}: add recordings by more speakers", "yellow"
            )
    if summary["synthetic_training_clips"]:
        num_clips = sum(summary["synthetic_training_clips"].values())
        print_line(f"{num_clips} synthetic clips are in training, none in validation or testing", "yellow")
    if summary["synthetic"]:
        print_line("synthetic speech: the data contain no human voice", "bold yellow")


STAGE = Stage(
    name="prepare",
    reads=("dataset", "frontend", "seed"),  # the runtime does not change the result
    needs=(),
    run=run,
    check=check,
    sources=lambda config: input_hashes(config.dataset, config.frontend, config.seed),
)
