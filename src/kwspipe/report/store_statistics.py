"""Statistics of a clip store: counts, durations, levels, speakers, and rejected files."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kwspipe.audio.pcm import PCM_SCALE, Pcm
from kwspipe.dataset.clip_kinds import KINDS, WORD
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.store.clip_store import REJECTED_COLUMNS, ClipStore
from kwspipe.dataset.store.csv_table import read_csv
from kwspipe.terminal.progress import track


@dataclass(frozen=True)
class Percentiles:
    """The 5th, 50th and 95th percentile of a quantity."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Percentiles | None":
        """Returns the percentiles of the finite values, or None if there are none."""
        finite = [value for value in values if np.isfinite(value)]
        return cls(*np.percentile(finite, (5, 50, 95)).tolist()) if finite else None


@dataclass
class ClassStatistics:
    """Measurements of the clips of one class.

    Attributes:
        seconds: durations of the words, of clips that consist of one complete word.
        levels_db: levels of the words, or of clips without a word, relative to full scale; -inf for digital silence.
        speakers: speakers by split.
    """

    seconds: list[float] = field(default_factory=list)
    levels_db: list[float] = field(default_factory=list)
    speakers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def counts_by_kind(store: ClipStore) -> dict[tuple[str, str], dict[str, int]]:
    """Returns the number of clips by (label, kind) and split, for the combinations that occur."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    records = store.rows.records
    for target, label in enumerate(store.labels):
        own = records[records["target"] == target]
        for code in np.unique(own["kind"]):
            splits = own["split"][own["kind"] == code]
            found[label, KINDS[code]] = {
                split: int(np.count_nonzero(splits == index)) for index, split in enumerate(SPLITS)
            }
    return found


def measure(store: ClipStore, max_clips: int) -> tuple[dict[str, ClassStatistics], int]:
    """Measures clips that are distributed evenly over the store.

    Args:
        store: the prepared clips.
        max_clips: maximum number of clips to measure.

    Returns:
        Statistics by label, and the number of measured clips.
    """
    num_clips = len(store.targets)
    numbers = np.unique(np.linspace(0, num_clips - 1, min(max_clips, num_clips)).round().astype(int))
    rate_hz = store.summary["sample_rate_hz"]
    statistics = {label: ClassStatistics() for label in store.labels}
    for number in track(numbers, "measuring clips", len(numbers)):
        row, (start, end) = store.rows[int(number)], store.word_bounds(int(number))
        own = statistics[row.label]
        clip = store.clip(int(number))
        if row.kind == WORD:
            own.seconds.append((end - start) / rate_hz)
        own.levels_db.append(level_db(clip[start:end] if end > start else clip))
        if row.speaker:
            own.speakers[row.split].add(row.speaker)
    return statistics, len(numbers)


def level_db(pcm: Pcm) -> float:
    """Returns the root mean square relative to full scale in dB; -inf for digital silence."""
    power = float(np.mean(np.square(pcm, dtype=np.float64))) if len(pcm) else 0.0
    return 10 * np.log10(power / PCM_SCALE**2) if power else -np.inf


def rejected(folder: Path, max_shown: int) -> list[tuple[str, int, list[tuple[str, str]]]]:
    """Returns the files that prepare rejected: reason, count, and (path, detail) of the first of them, per reason."""
    by_reason: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path, _, reason, detail in read_csv(folder / "rejected.csv", REJECTED_COLUMNS):
        by_reason[reason].append((path, detail))
    return [(reason, len(rows), rows[:max_shown]) for reason, rows in sorted(by_reason.items())]
