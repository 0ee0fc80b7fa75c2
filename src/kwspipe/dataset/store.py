"""The prepared clips: int16 samples one after another in a file that is mapped, not loaded.

``clips.i16`` and ``noise.i16`` hold little-endian int16 samples. ``clips.csv`` and ``noise.csv`` say, in samples, where
each clip and each piece of noise lies; ``rejected.csv`` lists what was left out; ``summary.json`` counts.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kwspipe.audio import Pcm
from kwspipe.dataset.recordings import Rejected, Split
from kwspipe.errors import KwspipeError

SAMPLE = np.dtype("<i2")
CLIP_COLUMNS = (
    "label", "word", "speaker", "split", "source", "path", "offset", "length", "trim_start", "trim_end",
)  # fmt: skip
NOISE_COLUMNS = ("path", "split", "offset", "length")
REJECTED_COLUMNS = ("path", "word", "reason", "detail")
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClipRow:
    """A clip as ``clips.csv`` has it; places and lengths in samples, the trim bounds within the clip."""

    label: str
    word: str
    speaker: str
    split: str
    source: str
    path: str
    offset: int
    length: int
    trim_start: int
    trim_end: int


class StoreWriter:
    """Writes a store, clip by clip.

    Args:
        folder: an existing folder; the caller renames it once the store is whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._samples = {name: (folder / f"{name}.i16").open("wb") for name in ("clips", "noise")}
        self._tables = {
            name: (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
            for name in ("clips", "noise", "rejected")
        }
        self._csv = {name: csv.writer(file, lineterminator="\n") for name, file in self._tables.items()}
        self._csv["clips"].writerow(CLIP_COLUMNS)
        self._csv["noise"].writerow(NOISE_COLUMNS)
        self._csv["rejected"].writerow(REJECTED_COLUMNS)
        self._length = {"clips": 0, "noise": 0}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (*self._samples.values(), *self._tables.values()):
            file.close()

    def add_clip(
        self, pcm: Pcm, trim: tuple[int, int], *, label: str, word: str, speaker: str, split: str, source: str, path: str
    ) -> None:
        """Appends a clip of ``label``; ``trim`` bounds the word in it."""
        offset = self._append("clips", pcm)
        row = ClipRow(label, word, speaker, split, source, path, offset, pcm.size, *trim)
        self._csv["clips"].writerow(astuple(row))

    def add_noise(self, pcm: Pcm) -> int:
        """Appends a recording of noise and returns the place of its first sample."""
        return self._append("noise", pcm)

    def noise(self, offset: int, length: int) -> Pcm:
        """Reads samples of noise back, (length,) int16."""
        self._samples["noise"].flush()
        return np.fromfile(self.folder / "noise.i16", SAMPLE, length, offset=offset * SAMPLE.itemsize)

    def add_noise_piece(self, path: str, split: Split, offset: int, length: int) -> None:
        """Notes which split may hear which samples of the noise."""
        self._csv["noise"].writerow((path, split, offset, length))

    def add_rejected(self, rejected: Rejected) -> None:
        """Notes a recording that was left out."""
        self._csv["rejected"].writerow(astuple(rejected))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Writes the summary, with which the store is whole."""
        text = json.dumps(summary, indent=2, allow_nan=False)
        (self.folder / "summary.json").write_text(text + "\n", encoding="utf-8")

    def _append(self, name: str, pcm: Pcm) -> int:
        offset = self._length[name]
        self._samples[name].write(pcm.astype(SAMPLE, copy=False).tobytes())
        self._length[name] += pcm.size
        return offset


@dataclass(frozen=True)
class Clips:
    """Clips of one split; the arrays have one entry a clip.

    Attributes:
        samples: (all samples of the store,) int16, mapped.
        label_index: places in ``ClipStore.labels``.
        offset: first sample of each clip in ``samples``.
        length: samples of each clip.
        trim_start: first sample of the word within its clip.
        trim_end: the sample after the word's last within its clip.
        rows: everything ``clips.csv`` says of each clip.
    """

    samples: Pcm
    label_index: Indices
    offset: Indices
    length: Indices
    trim_start: Indices
    trim_end: Indices
    rows: Sequence[ClipRow]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Pcm:
        """Returns a whole clip, (length,) int16, without copying it."""
        start = self.offset[index]
        return self.samples[start : start + self.length[index]]

    def trimmed(self, index: int) -> Pcm:
        """Returns the word of a clip, (trim_end - trim_start,) int16, without copying it."""
        start = self.offset[index]
        return self.samples[start + self.trim_start[index] : start + self.trim_end[index]]


@dataclass(frozen=True)
class Noise:
    """Pieces of background noise of one split.

    Attributes:
        samples: (all samples of noise,) int16, mapped.
        offset: first sample of each piece in ``samples``.
        length: samples of each piece.
        paths: the recording each piece was cut from.
    """

    samples: Pcm
    offset: Indices
    length: Indices
    paths: Sequence[str]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Pcm:
        """Returns a piece, (length,) int16, without copying it."""
        return self.samples[self.offset[index] : self.offset[index] + self.length[index]]


class ClipStore:
    """Reads a store.

    Args:
        folder: where ``prepare`` wrote it.

    Attributes:
        labels: the classes, in the order of the model's outputs.
        summary: what ``summary.json`` says.

    Raises:
        KwspipeError: it is missing or not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            self._clips = [_clip_row(values) for values in _read_csv(folder / "clips.csv", CLIP_COLUMNS)]
            noise = _read_csv(folder / "noise.csv", NOISE_COLUMNS)
            self._noise = [(path, split, int(offset), int(length)) for path, split, offset, length in noise]
        except (OSError, ValueError) as error:
            raise _not_whole(folder, str(error)) from None
        self.labels: tuple[str, ...] = tuple(self.summary["labels"])
        self.samples = _map(folder / "clips.i16", max((row.offset + row.length for row in self._clips), default=0))
        self.noise_samples = _map(folder / "noise.i16", max((row[2] + row[3] for row in self._noise), default=0))

    def select(self, split: Split) -> Clips:
        """Returns the clips of a split, in the order of the store."""
        rows = [row for row in self._clips if row.split == split]
        index = {label: place for place, label in enumerate(self.labels)}
        return Clips(
            self.samples,
            _indices(index[row.label] for row in rows),
            _indices(row.offset for row in rows),
            _indices(row.length for row in rows),
            _indices(row.trim_start for row in rows),
            _indices(row.trim_end for row in rows),
            rows,
        )

    def noise(self, split: Split) -> Noise:
        """Returns the background noise that a split may hear."""
        rows = [row for row in self._noise if row[1] == split]
        offsets, lengths = _indices(row[2] for row in rows), _indices(row[3] for row in rows)
        return Noise(self.noise_samples, offsets, lengths, [row[0] for row in rows])


def _indices(values: Any) -> Indices:
    return np.fromiter(values, np.int64)


def _clip_row(values: list[str]) -> ClipRow:
    label, word, speaker, split, source, path, *numbers = values
    return ClipRow(label, word, speaker, split, source, path, *(int(number) for number in numbers))


def _read_csv(path: Path, columns: Sequence[str]) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if tuple(header) != tuple(columns) or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"{path.name} has other columns than {', '.join(columns)}")
    return rows


def _map(path: Path, num_samples: int) -> Pcm:
    """Maps a file of samples, after making sure that it has as many as the table says."""
    size = path.stat().st_size if path.exists() else -1
    if size != num_samples * SAMPLE.itemsize:
        raise _not_whole(path, f"{size} bytes instead of {num_samples * SAMPLE.itemsize}")
    # There is no mapping of nothing.
    return np.memmap(path, SAMPLE, "r") if num_samples else np.zeros(0, SAMPLE)


def _not_whole(path: Path, received: str) -> KwspipeError:
    return KwspipeError(str(path), received, "a store that prepare wrote", "run the stage prepare again")
