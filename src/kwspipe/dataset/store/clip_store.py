"""The prepared clips: int16 samples in files that are mapped, not loaded, and tables that say where each clip lies.

``clips-*.i16``, ``noise-*.i16`` and ``negative-*.i16`` (speech without keywords) hold samples, see ``shards``. The
table of the same name, ``.csv``, says where each clip, piece of noise and negative recording lies, in samples counted
through all files of its kind; ``rejected.csv`` lists what was left out; ``summary.json`` counts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm
from kwspipe.dataset.clip_kinds import HARD
from kwspipe.dataset.recordings import Rejected, Split
from kwspipe.dataset.store.clip_table import ClipRow, ClipTable, ClipTableWriter
from kwspipe.dataset.store.csv_table import CsvWriter, read_csv
from kwspipe.dataset.store.shards import SHARD_BYTES, Shards, ShardWriter, incomplete_store
from kwspipe.errors import KwspipeError

KINDS = ("clips", "noise", "negative")
PIECE_COLUMNS = ("path", "split", "offset", "length")
REJECTED_COLUMNS = ("path", "word", "reason", "detail")
COLUMNS = {"noise": PIECE_COLUMNS, "negative": PIECE_COLUMNS, "rejected": REJECTED_COLUMNS}
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Samples of noise or of speech without keywords, as their table has them; place and length in samples."""

    path: str
    split: str
    offset: int
    length: int


class StoreWriter:
    """Writes a store, clip by clip.

    Args:
        folder: an existing folder; the caller renames it once the store is whole.
        labels: the classes, in the order of the model's outputs.
        shard_bytes: bound on the size of one file of samples.
    """

    def __init__(self, folder: Path, labels: Sequence[str], shard_bytes: int = SHARD_BYTES) -> None:
        self.folder = folder
        self._samples = {kind: ShardWriter(folder, kind, shard_bytes) for kind in KINDS}
        self._clips = ClipTableWriter(folder, labels)
        self._tables = {name: CsvWriter(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closes = [file.close for file in self._samples.values()]
        closes += [self._clips.close, *(file.close for file in self._tables.values())]
        for close in closes:
            try:
                close()
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
        offset = self._samples["clips"].append(pcm)
        self._clips.append(ClipRow(label, kind, word, speaker, split, source, path, offset, pcm.size, *trim))

    def add_noise(self, pcm: Pcm) -> int:
        """Appends a recording of noise and returns the place of its first sample."""
        return self._samples["noise"].append(pcm)

    def noise(self, offset: int, length: int) -> Pcm:
        """Reads samples of noise back, (length,) int16."""
        return self._samples["noise"].read(offset, length)

    def add_noise_piece(self, path: str, split: Split, offset: int, length: int) -> None:
        """Notes which split may hear which samples of the noise."""
        self._tables["noise"].append((path, split, offset, length))

    def add_negative(self, pcm: Pcm, path: str, split: Split) -> int:
        """Appends a recording of speech without keywords and returns the place of its first sample."""
        offset = self._samples["negative"].append(pcm)
        self._tables["negative"].append((path, split, offset, pcm.size))
        return offset

    def negative(self, offset: int, length: int) -> Pcm:
        """Reads samples of speech without keywords back, (length,) int16."""
        return self._samples["negative"].read(offset, length)

    def add_rejected(self, rejected: Rejected) -> None:
        """Notes a recording that was left out."""
        self._tables["rejected"].append(astuple(rejected))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Writes the summary, with which the store is whole."""
        text = json.dumps(summary, indent=2, allow_nan=False)
        (self.folder / "summary.json").write_text(text + "\n", encoding="utf-8")


class ClipStore:
    """Reads a store. Clips are numbered from 0, in the order they were written.

    Args:
        folder: where ``prepare`` wrote it.

    Attributes:
        labels: the classes, in the order of the model's outputs.
        summary: what ``summary.json`` says.
        rows: what ``clips.csv`` says of each clip, read when asked for.
        targets: (clips,) the place of each clip's label in ``labels``.
        offsets: (clips,) first sample of each clip, counted through all files.
        lengths: (clips,) samples of each clip.

    Raises:
        KwspipeError: it is missing or not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            self.labels: tuple[str, ...] = tuple(self.summary["labels"])
            self.rows = ClipTable(folder)
            self._noise = _pieces(folder / "noise.csv")
            self._negative = _pieces(folder / "negative.csv")
        except (OSError, ValueError, KeyError) as error:
            raise incomplete_store(folder, str(error)) from None
        records = self.rows.records
        self.targets: Indices = records["target"].astype(np.int64)
        self.offsets, self.lengths = records["offset"], records["length"]
        self._trim = records["trim_start"], records["trim_end"]
        self._samples = Shards(folder, "clips", int(self.lengths.sum(dtype=np.int64)))
        self._noise_samples = Shards(folder, "noise", sum(piece.length for piece in self._noise))
        self._negative_samples = Shards(folder, "negative", sum(piece.length for piece in self._negative))

    def select(self, split: str) -> Indices:
        """Returns the numbers of a split's clips, ascending."""
        return self.rows.select(split)

    def select_plain(self, split: str) -> Indices:
        """Returns the numbers of a split's clips that are no hard negatives: what accuracy is measured on."""
        return self.rows.select(split, without=HARD)

    def clip(self, number: int) -> Pcm:
        """Returns a whole clip, (samples,) int16, without copying it."""
        return self._samples.cut(self.offsets[number], self.lengths[number])

    def word_bounds(self, number: int) -> tuple[int, int]:
        """Returns the first sample of the word within its clip, and the one after its last."""
        start, end = self._trim
        return int(start[number]), int(end[number])

    def path(self, number: int) -> str:
        """Returns where a clip comes from, as its source names it."""
        return self.rows[number].path

    def noise(self, split: str) -> list[Pcm]:
        """Returns the pieces of background noise that a split may hear, (samples,) int16 each, without copying."""
        return _cut(self._noise_samples, self._noise, split)

    def noise_paths(self, split: str) -> list[str]:
        """Returns where those pieces come from, in the same order."""
        return [piece.path for piece in self._noise if piece.split == split]

    def negative(self, split: str) -> list[Pcm]:
        """Returns a split's recordings of speech without keywords, (samples,) int16 each, without copying."""
        return _cut(self._negative_samples, self._negative, split)

    def negative_paths(self, split: str) -> list[str]:
        """Returns where those recordings come from, in the same order."""
        return [piece.path for piece in self._negative if piece.split == split]


def _cut(samples: Shards, pieces: Sequence[Piece], split: str) -> list[Pcm]:
    return [samples.cut(piece.offset, piece.length) for piece in pieces if piece.split == split]


def _pieces(path: Path) -> list[Piece]:
    rows = read_csv(path, PIECE_COLUMNS)
    return [Piece(name, split, int(offset), int(length)) for name, split, offset, length in rows]
