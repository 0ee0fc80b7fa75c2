"""Stage ``mine``: finds false accepts in keyword-free audio and stores them as training clips."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rich.progress import Progress, TaskID

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import PipelineConfig
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.decode import read_files
from kwspipe.dataset.recordings import Recording, Rejected, listing_hash
from kwspipe.dataset.sources.root_folders import folder_errors, list_root_folders
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.streaming import intervals
from kwspipe.streaming.mining import ClipFolder, mine
from kwspipe.terminal.lines import print_line
from kwspipe.terminal.progress import ProgressBars

ROOTS, CONTENT = "mine.roots", "recordings without keywords"


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes clips/<label>/<number>.wav, mined.csv and summary.json in ``folder``."""
    image = (run_dir / "quantize" / "model.kws").read_bytes()
    rate = Spotter(image).sample_rate_hz
    num_samples = 0
    with ProgressBars("percent") as progress, closing(ClipFolder(folder, rate)) as clips:
        task = progress.add_task("mining", total=None)

        def advance(more: int) -> None:
            nonlocal num_samples
            num_samples += more
            progress.update(
                task, description=f"mining: {clips.by_label.total()} in {num_samples / rate / 3600:.2f} h"
            )

        sounds = (
            _stored(run_dir, progress, task) if not config.mine.roots else _read(config, rate, progress, task)
        )
        margin = rate * config.mine.margin_ms // 1000
        length = config.frontend.sample_length
        for mined in mine(image, sounds, length, margin, config.mine.threads, config.mine.threshold, advance):
            clips.add(mined)
    hours = num_samples / rate / 3600
    if not hours:
        raise _nothing(config)
    count = clips.by_label.total()
    summary = {
        "hours": hours,
        "false_accepts": count,
        "false_accepts_per_hour": count / hours,
        "interval": intervals.poisson(count, hours),
        "per_word": dict(sorted(clips.by_label.items())),
        "threshold": config.mine.threshold,
    }
    write_json(folder / "summary.json", summary)
    print_line(f"{count} false accepts in {hours:.2f} h, {count / hours:.1f} per hour")
    override = f"dataset.mined_roots=[{run_dir / 'mine' / 'clips'}]"
    print_line(f"to train with these clips: '{override}'")


def check(config: PipelineConfig) -> None:
    """Checks the folders of recordings.

    Raises:
        KwspipeError: a folder does not exist or contains no recordings.
    """
    for error in folder_errors(config.mine.roots, ROOTS, CONTENT):
        raise error


def _stored(run_dir: Path, progress: Progress, task: TaskID) -> Iterator[tuple[str, Pcm]]:
    """Yields path and samples of each training recording below ``dataset.negative_roots``."""
    store = ClipStore(run_dir / "prepare")
    pieces = store.negative("training")
    progress.update(task, total=sum(piece.size for piece in pieces))
    for path, piece in zip(store.negative_paths("training"), pieces, strict=True):
        yield path, piece
        progress.advance(task, piece.size)


def _read(config: PipelineConfig, rate: int, progress: Progress, task: TaskID) -> Iterator[tuple[str, Pcm]]:
    """Yields path and samples of each recording below ``mine.roots``; unreadable files are reported and skipped."""
    recordings, rejected = _listed(config)
    progress.update(task, total=sum(int(one.content) for one in recordings))  # bytes of files
    for one in rejected:
        print_line(f"{one.path}: {one.detail}", "yellow")
    for recording, pcm in zip(recordings, read_files(recordings, rate), strict=True):
        if isinstance(pcm, AudioError):
            print_line(f"{recording.path}: {pcm.detail}", "yellow")
        else:
            yield recording.path, pcm
        progress.advance(task, int(recording.content))


def _listed(config: PipelineConfig) -> tuple[Sequence[Recording], Sequence[Rejected]]:
    return list_root_folders(config.mine.roots, ROOTS, CONTENT)


def _nothing(config: PipelineConfig) -> KwspipeError:
    if config.mine.roots:
        return KwspipeError(
            "mine.roots", "no readable recording", "recordings without keywords", "correct the folders"
        )
    return KwspipeError(
        "mine.roots",
        "no folder, and the store has no keyword-free speech for training",
        "folders of recordings without keywords",
        "set mine.roots=[...], or dataset.negative_roots and run prepare again",
    )


STAGE = Stage(
    name="mine",
    reads=("mine", "frontend"),
    needs=("quantize",),
    uses=("prepare",),
    run=run,
    check=check,
    sources=lambda config: {"mine.roots": listing_hash(_listed(config)[0], with_times=True)},
)
