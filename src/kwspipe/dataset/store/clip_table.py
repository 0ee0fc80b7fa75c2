"""Table of the clips: ``clips.csv`` and its binary index ``clips.index``.

The index has a record of 32 bytes per clip, which includes the end of its line in the CSV. Both files are
memory-mapped, so that only the parts that are read take memory.
"""

import csv
import io
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.clip_kinds import KINDS, Kind
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.store.csv_table import CsvWriter
from kwspipe.dataset.store.shards import incomplete_store, map_file

# Little-endian without padding. Offsets and lengths are in samples, ``text_end`` is in bytes of clips.csv.
RECORD = np.dtype(
    [
        ("offset", "<i8"),
        ("text_end", "<i8"),
        ("length", "<i4"),
        ("trim_start", "<i4"),
        ("trim_end", "<i4"),
        ("target", "<u2"),
        ("split", "u1"),
        ("kind", "u1"),
    ]
)
_RECORD_STRUCT = struct.Struct("<qqiiiHBB")


@dataclass(frozen=True)
class ClipRow:
    """A row of ``clips.csv``.

    Attributes:
        label: class of the clip.
        kind: how the clip was made; see ``clip_kinds``.
        word: the words spoken in the clip.
        speaker: the speakers.
        split: the split.
        source: name of the source.
        path: path of the recordings within the source.
        offset: first sample of the clip in the sample files.
        length: number of samples.
        trim_start: first sample of the word within the clip.
        trim_end: the sample after the last of the word, within the clip.
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


CLIP_COLUMNS = tuple(field.name for field in fields(ClipRow))
_HEADER = ",".join(CLIP_COLUMNS) + "\n"


class ClipTableWriter:
    """Writes the table and its index, clip by clip.

    Args:
        folder: an existing folder.
        labels: the classes in the order of the outputs of the network.
    """

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self._targets = {label: target for target, label in enumerate(labels)}
        self._text = CsvWriter(folder / "clips.csv", CLIP_COLUMNS)
        self._index = (folder / "clips.index").open("wb")

    def append(self, row: ClipRow) -> None:
        """Writes the line and the record of a clip."""
        self._text.append(vars(row).values())
        codes = self._targets[row.label], SPLITS.index(row.split), KINDS.index(row.kind)
        numbers = row.offset, self._text.num_bytes, row.length, row.trim_start, row.trim_end
        self._index.write(_RECORD_STRUCT.pack(*numbers, *codes))

    def close(self) -> None:
        """Writes the buffered rows and closes the files."""
        try:
            self._text.close()
        finally:
            self._index.close()


class ClipTable(Sequence[ClipRow]):
    """Reads the table. Rows are parsed on access.

    Args:
        folder: folder of the store.

    Attributes:
        records: (clips,) memory-mapped array of ``RECORD``.

    Raises:
        KwspipeError: table and index do not match.
        OSError: the table or the index is missing.
    """

    def __init__(self, folder: Path) -> None:
        index, text = folder / "clips.index", folder / "clips.csv"
        size = index.stat().st_size
        if size % RECORD.itemsize:
            raise incomplete_store(index, f"{size} bytes, no multiple of {RECORD.itemsize}")
        self.records: npt.NDArray[np.void] = np.frombuffer(map_file(index) if size else b"", RECORD)
        expected = int(self.records["text_end"][-1]) if size else len(_HEADER)
        if text.stat().st_size != expected:
            raise incomplete_store(
                text, f"{text.stat().st_size} bytes instead of the {expected} of its index"
            )
        self._text = map_file(text)
        if self._text[: len(_HEADER)] != _HEADER.encode():
            raise incomplete_store(text, f"other columns than {', '.join(CLIP_COLUMNS)}")

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, number: int) -> ClipRow: ...
    @overload
    def __getitem__(self, number: slice) -> list[ClipRow]: ...
    def __getitem__(self, number: int | slice) -> ClipRow | list[ClipRow]:
        if isinstance(number, slice):
            return [self[index] for index in range(*number.indices(len(self)))]
        number = range(len(self))[number]  # raises IndexError, and resolves negative numbers
        start = int(self.records["text_end"][number - 1]) if number else len(_HEADER)
        line = self._text[start : int(self.records["text_end"][number])].decode()
        # newline="" preserves line ends in file names.
        label, kind, word, speaker, split, source, path, *numbers = next(
            csv.reader(io.StringIO(line, newline=""))
        )
        return ClipRow(label, kind, word, speaker, split, source, path, *map(int, numbers))

    def select(self, split: str, without: Collection[Kind] = ()) -> npt.NDArray[np.int64]:
        """Returns the numbers of the clips of a split in ascending order, without those of the kinds ``without``."""
        in_split = self.records["split"] == SPLITS.index(split)
        return np.flatnonzero(in_split & ~np.isin(self.records["kind"], [*map(KINDS.index, without)]))
