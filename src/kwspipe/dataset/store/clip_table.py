"""The table of the clips: ``clips.csv`` for people, and ``clips.index`` beside it for programs.

The index has a record of 32 bytes a clip, and tells where its line in the CSV ends. Both are mapped, so that a
million clips take as much memory as is looked at.
"""

import csv
import io
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args, overload

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.clip_kinds import Kind
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.store.csv_table import CsvWriter
from kwspipe.dataset.store.shards import incomplete_store, map_file

# Little-endian, without gaps: places and lengths in samples, ``text_end`` in bytes of clips.csv.
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
_KINDS = get_args(Kind)
_RECORD_STRUCT = struct.Struct("<qqiiiHBB")


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


CLIP_COLUMNS = tuple(field.name for field in fields(ClipRow))
_HEADER = ",".join(CLIP_COLUMNS) + "\n"


class ClipTableWriter:
    """Writes the table and its index, clip by clip.

    Args:
        folder: an existing folder.
        labels: the classes, in the order of the model's outputs.
    """

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self._targets = {label: target for target, label in enumerate(labels)}
        self._text = CsvWriter(folder / "clips.csv", CLIP_COLUMNS)
        self._index = (folder / "clips.index").open("wb")

    def append(self, row: ClipRow) -> None:
        """Writes a clip's line and record."""
        self._text.append(vars(row).values())
        codes = self._targets[row.label], SPLITS.index(row.split), _KINDS.index(row.kind)
        places = row.offset, self._text.num_bytes, row.length, row.trim_start, row.trim_end
        self._index.write(_RECORD_STRUCT.pack(*places, *codes))

    def close(self) -> None:
        """Writes what is still buffered."""
        try:
            self._text.close()
        finally:
            self._index.close()


class ClipTable(Sequence[ClipRow]):
    """Reads the table; a row is parsed when it is asked for.

    Args:
        folder: of the store.

    Attributes:
        records: (clips,) of ``RECORD``, mapped.

    Raises:
        KwspipeError: table and index do not belong together.
        OSError: one of them is missing.
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
            return [self[place] for place in range(*number.indices(len(self)))]
        number = range(len(self))[number]  # refuses what lies outside, counts negative ones from the end
        start = int(self.records["text_end"][number - 1]) if number else len(_HEADER)
        line = self._text[start : int(self.records["text_end"][number])].decode()
        # Names of files may have line ends in them, which the reader must see as they are.
        label, kind, word, speaker, split, source, path, *places = next(
            csv.reader(io.StringIO(line, newline=""))
        )
        return ClipRow(label, kind, word, speaker, split, source, path, *map(int, places))

    def select(self, split: str, without: Collection[Kind] = ()) -> npt.NDArray[np.int64]:
        """Returns the numbers of a split's clips, ascending, those of some kinds left out."""
        in_split = self.records["split"] == SPLITS.index(split)
        return np.flatnonzero(in_split & ~np.isin(self.records["kind"], [*map(_KINDS.index, without)]))
