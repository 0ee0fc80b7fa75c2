"""Recordings in columns: a million of them in about 100 MB, where as many objects take 600 MB.

What repeats (words, speakers, folders) is kept once and known by number; names stand one after another in a block of
bytes. A ``Recording`` is made when one is asked for, and forgotten after use.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.recordings import SPLITS, Recording, Split

Indices = npt.NDArray[np.int64]
# Code 0 is "not split yet", code 1 is training and so on.
SPLIT_CODES: dict[Split | None, int] = {None: 0, **{split: code for code, split in enumerate(SPLITS, 1)}}
_SPLIT_OF = (None, *SPLITS)


class InternedColumn:
    """A column of texts that repeat: each distinct one once, and a number of four bytes a row."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.codes = array("I")
        self._known: dict[str, int] = {}

    def append(self, text: str) -> None:
        """Adds a row."""
        code = self._known.setdefault(text, len(self.values))
        if code == len(self.values):
            self.values.append(text)
        self.codes.append(code)

    def __getitem__(self, row: int) -> str:
        return self.values[self.codes[row]]


class PathColumn:
    """A column of texts that differ, in one block of bytes; the part up to the last ``/`` is kept once."""

    def __init__(self) -> None:
        self._folders = InternedColumn()
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        """Adds a row."""
        folder, slash, name = text.rpartition("/")
        self._folders.append(folder + slash)
        # Names of files that are no UTF-8 carry their bytes as surrogates.
        self._bytes += name.encode("utf-8", "surrogateescape")
        self._ends.append(len(self._bytes))

    def __getitem__(self, row: int) -> str:
        name = self._bytes[self._ends[row] : self._ends[row + 1]]
        return self._folders[row] + name.decode("utf-8", "surrogateescape")

    @property
    def num_bytes(self) -> int:
        """Bytes of the rows, without what is kept once."""
        return len(self._bytes) + self._ends.itemsize * len(self._ends) + _num_bytes(self._folders.codes)


@dataclass(frozen=True)
class _Columns:
    path: PathColumn
    word: InternedColumn
    speaker: InternedColumn
    origin: PathColumn | list[Any]
    content: PathColumn
    changed_ns: "array[int]"


class Listing(Sequence[Recording]):
    """Recordings of one source, or a choice of them in any order; choices share the columns.

    Args:
        columns: of all recordings.
        rows: (recordings,) which of them these are, in this order.
        splits: (all recordings,) code of each one's split.
    """

    def __init__(self, columns: _Columns, rows: Indices, splits: npt.NDArray[np.uint8]) -> None:
        self._columns = columns
        self._rows = rows
        self._splits = splits

    @classmethod
    def of(cls, recordings: Iterable[Recording]) -> "Listing":
        """Puts recordings into columns; a listing is returned as it is."""
        if isinstance(recordings, Listing):
            return recordings
        splits = bytearray()
        columns = _Columns(
            PathColumn(), InternedColumn(), InternedColumn(), PathColumn(), PathColumn(), array("q")
        )
        for recording in recordings:
            if not splits and not isinstance(recording.origin, str):
                columns = _Columns(
                    PathColumn(), InternedColumn(), InternedColumn(), [], PathColumn(), array("q")
                )
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
    def __getitem__(self, place: int) -> Recording: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    def __getitem__(self, place: int | slice) -> Recording | Self:
        return (
            self.take(self._rows[place]) if isinstance(place, slice) else self._recording(self._rows[place])
        )

    def __iter__(self) -> Iterator[Recording]:
        return map(self._recording, self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listing) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def take(self, rows: Indices) -> Self:
        """Returns the recordings of some rows of the columns, in that order."""
        return type(self)(self._columns, rows, self._splits)

    def in_split(self, split: Split) -> Self:
        """Returns those of one split, in the order they have."""
        return self.take(self._rows[self._splits[self._rows] == SPLIT_CODES[split]])

    def by_word(self) -> dict[str, Self]:
        """Returns those of each word, in the order they have; words in the order in which they come first."""
        codes = self._codes(self._columns.word)
        words, first, counts = np.unique(codes, return_index=True, return_counts=True)
        groups = np.split(self._rows[np.argsort(codes, kind="stable")], np.cumsum(counts)[:-1])
        values = self._columns.word.values
        return {values[words[i]]: self.take(groups[i]) for i in np.argsort(first)}

    def seeded_order(self, seed: int | str) -> Self:
        """Shuffles so that the place of each depends on the seed and its own path only.

        A recording added or removed thus leaves the order of all others as it was.
        """
        paths = (self._columns.path[row] for row in self._rows)
        hashes = b"".join(hashlib.blake2b(f"{seed}/{p}".encode(), digest_size=16).digest() for p in paths)
        keys = np.frombuffer(hashes, ">u8").reshape(-1, 2)
        return self.take(self._rows[np.lexsort((keys[:, 1], keys[:, 0]))])

    def speakers(self) -> tuple[list[str], Indices, npt.NDArray[np.uint8]]:
        """Returns all speakers' names, and of each recording the speaker's number and the split's code."""
        return self._columns.speaker.values, self._codes(self._columns.speaker), self._splits[self._rows]

    def with_splits(self, splits: npt.NDArray[np.uint8]) -> Self:
        """Returns the same recordings in the splits of these codes, (recordings,)."""
        everyone = self._splits.copy()
        everyone[self._rows] = splits
        return type(self)(self._columns, self._rows, everyone)

    @property
    def num_bytes(self) -> int:
        """Bytes the rows of all columns take, without the words, speakers and folders that are kept once."""
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
