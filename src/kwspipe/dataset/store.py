"""The prepared clips: int16 samples one after another in a file that is mapped, not loaded.

``clips.i16``, ``noise.i16`` and ``negative.i16`` (speech without keywords) hold little-endian int16 samples. The table
of the same name, ``.csv``, says, in samples, where each clip, piece of noise and negative recording lies;
``rejected.csv`` lists what was left out; ``summary.json`` counts.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kwspipe.audio import Pcm
from kwspipe.dataset.kinds import HARD
from kwspipe.dataset.recordings import Rejected, Split
from kwspipe.errors import KwspipeError

SAMPLE = np.dtype("<i2")
KINDS = ("clips", "noise", "negative")
CLIP_COLUMNS = (
    "label", "kind", "word", "speaker", "split", "source", "path", "offset", "length", "trim_start", "trim_end",
)  # fmt: skip
NOISE_COLUMNS = ("path", "split", "offset", "length")
REJECTED_COLUMNS = ("path", "word", "reason", "detail")
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClipRow:
    """A clip as ``clips.csv`` has it: how it was made (``kinds``); places and lengths in samples, the trim bounds
    within the clip.
    """

    label: str
    kind: str
    word: str
    speaker: str
    split: str
    source: str
    path: str
    offset: int
    length: int
    trim_start: int
    trim_end: int


@dataclass(frozen=True)
class Piece:
    """Samples of noise or of speech without keywords, as their table has them; place and length in samples."""

    path: str
    split: str
    offset: int
    length: int

    def cut(self, samples: Pcm) -> Pcm:
        """Returns this piece of the mapped samples, without copying."""
        return samples[self.offset : self.offset + self.length]


class StoreWriter:
    """Writes a store, clip by clip.

    Args:
        folder: an existing folder; the caller renames it once the store is whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._samples = {name: (folder / f"{name}.i16").open("wb") for name in KINDS}
        self._tables = {
            name: (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
            for name in (*KINDS, "rejected")
        }
        self._csv = {name: csv.writer(file, lineterminator="\n") for name, file in self._tables.items()}
        self._csv["clips"].writerow(CLIP_COLUMNS)
        self._csv["noise"].writerow(NOISE_COLUMNS)
        self._csv["negative"].writerow(NOISE_COLUMNS)
        self._csv["rejected"].writerow(REJECTED_COLUMNS)
        self._length = dict.fromkeys(KINDS, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (*self._samples.values(), *self._tables.values()):
            try:
                file.close()
            except OSError as last:  # closing writes what is still buffered
                error = error or last
        if isinstance(error, OSError):
            raise KwspipeError(
                str(self.folder),
                f"it cannot be written ({error.strerror or error})",
                "a folder on a disk with room for the store: 32 kB a second of sound",
                "make room, or set run_dir to another disk, and run the same command again",
            ) from None

    def add_clip(
        self,
        pcm: Pcm,
        trim: tuple[int, int],
        *,
        label: str,
        kind: str,
        word: str,
        speaker: str,
        split: str,
        source: str,
        path: str,
    ) -> None:
        """Appends a clip of ``label``, made as ``kind`` says; ``trim`` bounds the word in it."""
        offset = self._append("clips", pcm)
        row = ClipRow(label, kind, word, speaker, split, source, path, offset, pcm.size, *trim)
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

    def add_negative(self, pcm: Pcm, path: str, split: Split) -> None:
        """Appends a recording of speech without keywords."""
        self._csv["negative"].writerow((path, split, self._append("negative", pcm), pcm.size))

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


class ClipStore:
    """Reads a store. Clips are numbered from 0, in the order they were written.

    Args:
        folder: where ``prepare`` wrote it.

    Attributes:
        labels: the classes, in the order of the model's outputs.
        summary: what ``summary.json`` says.
        rows: what ``clips.csv`` says of each clip.
        targets: (clips,) the place of each clip's label in ``labels``.
        offsets: (clips,) first sample of each clip in ``samples``.
        lengths: (clips,) samples of each clip.
        samples: the samples of all clips, int16, mapped.

    Raises:
        KwspipeError: it is missing or not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            self.rows = [_clip_row(values) for values in _read_csv(folder / "clips.csv", CLIP_COLUMNS)]
            self._noise = _pieces(folder / "noise.csv")
            self._negative = _pieces(folder / "negative.csv")
            self.labels: tuple[str, ...] = tuple(self.summary["labels"])
            self.targets = _indices(self.labels.index(row.label) for row in self.rows)
        except (OSError, ValueError, KeyError) as error:
            raise _not_whole(folder, str(error)) from None
        self.offsets = _indices(row.offset for row in self.rows)
        self.lengths = _indices(row.length for row in self.rows)
        self.samples = _map(folder / "clips.i16", int(self.lengths.sum()))
        self._noise_samples = _map(folder / "noise.i16", sum(piece.length for piece in self._noise))
        self._negative_samples = _map(folder / "negative.i16", sum(piece.length for piece in self._negative))

    def select(self, split: str) -> Indices:
        """Returns the numbers of a split's clips, ascending."""
        return _indices(number for number, row in enumerate(self.rows) if row.split == split)

    def select_plain(self, split: str) -> Indices:
        """Returns the numbers of a split's clips that are no hard negatives: what accuracy is measured on."""
        return _indices(n for n, row in enumerate(self.rows) if row.split == split and row.kind not in HARD)

    def clip(self, number: int) -> Pcm:
        """Returns a whole clip, (samples,) int16, without copying it."""
        start = self.offsets[number]
        return self.samples[start : start + self.lengths[number]]

    def word_bounds(self, number: int) -> tuple[int, int]:
        """Returns the first sample of the word within its clip, and the one after its last."""
        row = self.rows[number]
        return row.trim_start, row.trim_end

    def path(self, number: int) -> str:
        """Returns where a clip comes from, as its source names it."""
        return self.rows[number].path

    def noise(self, split: str) -> list[Pcm]:
        """Returns the pieces of background noise that a split may hear, (samples,) int16 each, without copying."""
        return [piece.cut(self._noise_samples) for piece in self._noise if piece.split == split]

    def negative(self, split: str) -> list[Pcm]:
        """Returns a split's recordings of speech without keywords, (samples,) int16 each, without copying."""
        return [piece.cut(self._negative_samples) for piece in self._negative if piece.split == split]

    def negative_paths(self, split: str) -> list[str]:
        """Returns where those recordings come from, in the same order."""
        return [piece.path for piece in self._negative if piece.split == split]


def _indices(values: Iterable[int]) -> Indices:
    return np.fromiter(values, np.int64)


def _pieces(path: Path) -> list[Piece]:
    rows = _read_csv(path, NOISE_COLUMNS)
    return [Piece(name, split, int(offset), int(length)) for name, split, offset, length in rows]


def _clip_row(values: list[str]) -> ClipRow:
    label, kind, word, speaker, split, source, path, *numbers = values
    return ClipRow(label, kind, word, speaker, split, source, path, *(int(number) for number in numbers))


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
