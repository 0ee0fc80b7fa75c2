"""Reading and writing of a clip store: memory-mapped int16 samples and tables of their offsets.

``clips-*.i16``, ``noise-*.i16`` and ``negative-*.i16`` (keyword-free speech) contain the samples; see ``shards``.
``clips.csv``, ``noise.csv`` and ``negative.csv`` contain the offset and length of each clip, noise segment and
keyword-free recording. An offset counts the samples of all files of one kind. ``rejected.csv`` lists the rejected
recordings. ``summary.json`` contains the counts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm
from kwspipe.dataset.clip_kinds import HARD
from kwspipe.dataset.recordings import Rejected, Split
from kwspipe.dataset.store.clip_table import ClipRow, ClipTable, ClipTableWriter
from kwspipe.dataset.store.csv_table import CsvWriter, read_csv
from kwspipe.dataset.store.shards import SHARD_BYTES, Shards, ShardWriter, incomplete_store
from kwspipe.errors import KwspipeError

SAMPLE_KINDS = ("clips", "noise", "negative")
SEGMENT_COLUMNS = ("path", "split", "offset", "length")
REJECTED_COLUMNS = ("path", "word", "reason", "detail")
COLUMNS = {"noise": SEGMENT_COLUMNS, "negative": SEGMENT_COLUMNS, "rejected": REJECTED_COLUMNS}
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """A segment of noise or keyword-free speech, a row of its table; offset and length in samples."""

    path: str
    split: Split
    offset: int
    length: int


class StoreWriter:
    """Writes a store, clip by clip.

    Args:
        folder: an existing folder; the caller renames it when the store is complete.
        labels: the classes in the order of the outputs of the network.
        shard_bytes: maximum size of one sample file.
    """

    def __init__(self, folder: Path, labels: Sequence[str], shard_bytes: int = SHARD_BYTES) -> None:
        self.folder = folder
        self._samples = {kind: ShardWriter(folder, kind, shard_bytes) for kind in SAMPLE_KINDS}
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
            except OSError as close_error:  # closing writes the buffered bytes
                error = error or close_error
        if isinstance(error, OSError):
            raise KwspipeError(
                str(self.folder),
                f"it cannot be written ({error.strerror or error})",
                "a folder on a disk with space for the store: 32 kB per second of sound",
                "free some space, or set run_dir to another disk, and run the same command again",
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
        """Appends a clip; ``trim`` are the bounds of the word in it. See ``ClipRow`` for the other arguments."""
        offset = self._samples["clips"].append(pcm)
        self._clips.append(ClipRow(label, kind, word, speaker, split, source, path, offset, pcm.size, *trim))

    def add_noise(self, pcm: Pcm) -> int:
        """Appends a recording of noise and returns the offset of its first sample."""
        return self._samples["noise"].append(pcm)

    def noise(self, offset: int, length: int) -> Pcm:
        """Returns samples of noise written earlier, (length,) int16."""
        return self._samples["noise"].read(offset, length)

    def add_noise_segment(self, path: str, split: Split, offset: int, length: int) -> None:
        """Assigns a segment of the noise to a split."""
        self._tables["noise"].append((path, split, offset, length))

    def add_negative(self, pcm: Pcm, path: str, split: Split) -> int:
        """Appends a recording of keyword-free speech and returns the offset of its first sample."""
        offset = self._samples["negative"].append(pcm)
        self._tables["negative"].append((path, split, offset, pcm.size))
        return offset

    def negative(self, offset: int, length: int) -> Pcm:
        """Returns samples of keyword-free speech written earlier, (length,) int16."""
        return self._samples["negative"].read(offset, length)

    def add_rejected(self, rejected: Rejected) -> None:
        """Lists a rejected recording."""
        self._tables["rejected"].append(astuple(rejected))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Writes the summary. The store is complete only with this file."""
        text = json.dumps(summary, indent=2, allow_nan=False)
        (self.folder / "summary.json").write_text(text + "\n", encoding="utf-8")


class ClipStore:
    """Reads a store. Clips are numbered from 0, in the order in which they were written.

    Args:
        folder: the output folder of the stage ``prepare``.

    Attributes:
        labels: the classes in the order of the outputs of the network.
        summary: content of ``summary.json``.
        rows: rows of ``clips.csv``, read on access.
        targets: (clips,) index of the label of each clip in ``labels``.
        offsets: (clips,) first sample of each clip in the sample files.
        lengths: (clips,) number of samples of each clip.

    Raises:
        KwspipeError: the store is missing or incomplete.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            self.labels: tuple[str, ...] = tuple(self.summary["labels"])
            self.rows = ClipTable(folder)
            self._noise = _read_segments(folder / "noise.csv")
            self._negative = _read_segments(folder / "negative.csv")
        except (OSError, ValueError, KeyError) as error:
            raise incomplete_store(folder, str(error)) from None
        records = self.rows.records
        self.targets: Indices = records["target"].astype(np.int64)
        self.offsets, self.lengths = records["offset"], records["length"]
        self._trim = records["trim_start"], records["trim_end"]
        self._samples = Shards(folder, "clips", int(self.lengths.sum(dtype=np.int64)))
        self._noise_samples = Shards(folder, "noise", sum(segment.length for segment in self._noise))
        self._negative_samples = Shards(folder, "negative", sum(segment.length for segment in self._negative))

    def select(self, split: str) -> Indices:
        """Returns the numbers of the clips of a split in ascending order."""
        return self.rows.select(split)

    def select_plain(self, split: str) -> Indices:
        """Returns the numbers of the clips of a split without hard negatives. Accuracy is measured on these clips."""
        return self.rows.select(split, without=HARD)

    def clip(self, number: int) -> Pcm:
        """Returns the samples of a clip, (samples,) int16, without copying."""
        return self._samples.cut(self.offsets[number], self.lengths[number])

    def word_bounds(self, number: int) -> tuple[int, int]:
        """Returns the first sample of the word within the clip, and the sample after its last."""
        start, end = self._trim
        return int(start[number]), int(end[number])

    def path(self, number: int) -> str:
        """Returns the path of a clip within its source."""
        return self.rows[number].path

    def noise(self, split: str) -> list[Pcm]:
        """Returns the noise segments of a split, (samples,) int16 each, without copying."""
        return _cut(self._noise_samples, self._noise, split)

    def noise_paths(self, split: str) -> list[str]:
        """Returns the paths of the noise segments of a split, in the order of ``noise``."""
        return [segment.path for segment in self._noise if segment.split == split]

    def negative(self, split: str) -> list[Pcm]:
        """Returns the keyword-free recordings of a split, (samples,) int16 each, without copying."""
        return _cut(self._negative_samples, self._negative, split)

    def negative_paths(self, split: str) -> list[str]:
        """Returns the paths of the keyword-free recordings of a split, in the order of ``negative``."""
        return [segment.path for segment in self._negative if segment.split == split]


def _cut(samples: Shards, segments: Sequence[Segment], split: str) -> list[Pcm]:
    return [samples.cut(segment.offset, segment.length) for segment in segments if segment.split == split]


def _read_segments(path: Path) -> list[Segment]:
    rows = read_csv(path, SEGMENT_COLUMNS)
    return [
        Segment(name, cast(Split, split), int(offset), int(length)) for name, split, offset, length in rows
    ]
