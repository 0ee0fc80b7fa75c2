"""Column store of recordings in memory: a million recordings take about 100 MB, as objects they take 600 MB.

Repeated texts (words, speakers, folders) are stored once and referenced by a number. File names are stored in one block
of bytes. A ``Recording`` is created on access.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import eq
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.recordings import SPLITS, Recording, Split

Indices = npt.NDArray[np.int64]
# Code 0 means that no split is assigned, code 1 is training, and so on.
SPLIT_CODES: dict[Split | None, int] = {None: 0, **{split: code for code, split in enumerate(SPLITS, 1)}}
_SPLIT_OF = (None, *SPLITS)


class InternedColumn:
    """A column of repeated texts: stores each distinct text once and a number of four bytes per row."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.codes = array("I")
        self._code_of: dict[str, int] = {}

    def append(self, text: str) -> None:
        """Appends a row."""
        code = self._code_of.setdefault(text, len(self.values))
        if code == len(self.values):
            self.values.append(text)
        self.codes.append(code)

    def __getitem__(self, row: int) -> str:
        return self.values[self.codes[row]]


class PathColumn:
    """A column of paths: stores the file names in one block of bytes and each distinct folder once."""

    def __init__(self) -> None:
        self._folders = InternedColumn()
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        """Appends a row."""
        folder, slash, name = text.rpartition("/")
        self._folders.append(folder + slash)
        # File names that are not valid UTF-8 contain their bytes as surrogates.
        self._bytes += name.encode("utf-8", "surrogateescape")
        self._ends.append(len(self._bytes))

    def __getitem__(self, row: int) -> str:
        name = self._bytes[self._ends[row] : self._ends[row + 1]]
        return self._folders[row] + name.decode("utf-8", "surrogateescape")

    @property
    def num_bytes(self) -> int:
        """Size of the rows in bytes, without the distinct folders."""
        return len(self._bytes) + self._ends.itemsize * len(self._ends) + _num_bytes(self._folders.codes)


@dataclass(frozen=True)
class _Columns:
    path: PathColumn = field(default_factory=PathColumn)
    word: InternedColumn = field(default_factory=InternedColumn)
    speaker: InternedColumn = field(default_factory=InternedColumn)
    origin: PathColumn | list[Any] = field(default_factory=PathColumn)
    content: PathColumn = field(default_factory=PathColumn)
    changed_ns: "array[int]" = field(default_factory=lambda: array("q"))


class Listing(Sequence[Recording]):
    """The recordings of one source, or a selection of them in any order. Selections share the columns.

    Args:
        columns: columns of all recordings.
        rows: (recordings,) rows of the selected recordings, in their order.
        splits: (all recordings,) code of the split of each recording.
    """

    def __init__(self, columns: _Columns, rows: Indices, splits: npt.NDArray[np.uint8]) -> None:
        self._columns = columns
        self._rows = rows
        self._splits = splits

    @classmethod
    def of(cls, recordings: Iterable[Recording]) -> "Listing":
        """Returns a listing of the recordings; returns the argument if it is a listing."""
        if isinstance(recordings, Listing):
            return recordings
        splits = bytearray()
        columns = _Columns()
        for recording in recordings:
            if not splits and not isinstance(recording.origin, str):
                columns = replace(columns, origin=[])
            columns.path.append(recording.path)
            columns.word.append(recording.word)
            columns.speaker.append(recording.speaker)
            columns.origin.append(recording.origin)
            columns.content.append(recording.content)
            columns.changed_ns.append(recording.changed_ns)
            splits.append(SPLIT_CODES[recording.split])
        return cls(columns, np.arange(len(splits)), np.frombuffer(splits, np.uint8))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Recording | Self:
        if isinstance(index, slice):
            return self.take(self._rows[index])
        return self._recording(self._rows[index])

    def __iter__(self) -> Iterator[Recording]:
        return map(self._recording, self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listing) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def take(self, rows: Indices) -> Self:
        """Returns the recordings in the given rows of the columns, in this order."""
        return type(self)(self._columns, rows, self._splits)

    def in_split(self, split: Split) -> Self:
        """Returns the recordings of one split, in their present order."""
        return self.take(self._rows[self._splits[self._rows] == SPLIT_CODES[split]])

    def by_word(self) -> dict[str, Self]:
        """Returns the recordings of each word in their present order, with the words in order of first occurrence."""
        codes = self._codes(self._columns.word)
        words, first, counts = np.unique(codes, return_index=True, return_counts=True)
        groups = np.split(self._rows[np.argsort(codes, kind="stable")], np.cumsum(counts)[:-1])
        values = self._columns.word.values
        return {values[words[i]]: self.take(groups[i]) for i in np.argsort(first)}

    def seeded_order(self, seed: int | str) -> Self:
        """Returns the recordings in a pseudo-random order.

        The sort key of a recording depends on the seed and on its path only. Adding or removing a recording therefore
        does not change the order of the others.
        """
        paths = (self._columns.path[row] for row in self._rows)
        hashes = b"".join(hashlib.blake2b(f"{seed}/{p}".encode(), digest_size=16).digest() for p in paths)
        keys = np.frombuffer(hashes, ">u8").reshape(-1, 2)
        return self.take(self._rows[np.lexsort((keys[:, 1], keys[:, 0]))])

    def speakers(self) -> tuple[list[str], Indices, npt.NDArray[np.uint8]]:
        """Returns the names of all speakers, and for each recording the index of its speaker and its split code."""
        return self._columns.speaker.values, self._codes(self._columns.speaker), self._splits[self._rows]

    def with_splits(self, splits: npt.NDArray[np.uint8]) -> Self:
        """Returns the same recordings with the splits replaced by these codes, (recordings,)."""
        all_splits = self._splits.copy()
        all_splits[self._rows] = splits
        return type(self)(self._columns, self._rows, all_splits)

    @property
    def num_bytes(self) -> int:
        """Size of the rows of all columns in bytes, without the distinct words, speakers and folders."""
        columns = self._columns
        origin = (
            columns.origin.num_bytes if isinstance(columns.origin, PathColumn) else 8 * len(columns.origin)
        )
        names = origin + columns.path.num_bytes + columns.content.num_bytes
        codes = (columns.word.codes, columns.speaker.codes, columns.changed_ns)
        return names + sum(map(_num_bytes, codes)) + self._splits.nbytes + self._rows.nbytes

    def _codes(self, column: InternedColumn) -> Indices:
        return np.frombuffer(column.codes, np.uint32)[self._rows].astype(np.int64)

    def _recording(self, row: int) -> Recording:
        c = self._columns
        split = _SPLIT_OF[self._splits[row]]
        return Recording(
            c.path[row], c.word[row], c.speaker[row], split, c.origin[row], c.content[row], c.changed_ns[row]
        )


def _num_bytes(column: "array[int]") -> int:
    return column.itemsize * len(column)
