"""Samples one after another in files of bounded size, written in order and mapped as they are needed.

``clips-00000.i16``, ``clips-00001.i16`` and so on hold little-endian int16 samples. Places count through all files of
one kind, and a recording never lies in two of them: a file is over the bound only where one recording is.
"""

import mmap
from bisect import bisect_right
from pathlib import Path

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.errors import KwspipeError

SAMPLE = np.dtype("<i2")
# Small enough to copy and to lose, large enough that a million clips of a second are 120 files.
SHARD_BYTES = 256 * 2**20
# Mapped pages that have been read count as memory of the process until they are given back.
MAX_RESIDENT_BYTES = 128 * 2**20
# Linux maps this much around a page that is read, where the disk's cache has it (fault_around_bytes).
FAULT_AROUND_BYTES = 64 * 2**10


class ShardWriter:
    """Appends recordings to the files of one kind.

    Args:
        folder: an existing folder.
        kind: the files' name.
        shard_bytes: bound on the size of one file.
    """

    def __init__(self, folder: Path, kind: str, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._kind = kind
        self._shard_samples = shard_bytes // SAMPLE.itemsize
        self._starts = [0]
        self._length = 0
        self._file = self._path(0).open("wb")

    def append(self, pcm: Pcm) -> int:
        """Appends a recording, (samples,) int16, and returns the place of its first sample."""
        offset, start = self._length, self._starts[-1]
        if offset > start and offset + pcm.size > start + self._shard_samples:
            self._file.close()
            self._file = self._path(len(self._starts)).open("wb")
            self._starts.append(offset)
        self._file.write(pcm.astype(SAMPLE, copy=False).tobytes())
        self._length += pcm.size
        return offset

    def read(self, offset: int, length: int) -> Pcm:
        """Reads samples of one recording back, (length,) int16."""
        self._file.flush()
        shard = bisect_right(self._starts, offset) - 1
        place = (offset - self._starts[shard]) * SAMPLE.itemsize
        return np.fromfile(self._path(shard), SAMPLE, length, offset=place)

    def close(self) -> None:
        """Writes what is still buffered."""
        self._file.close()

    def _path(self, shard: int) -> Path:
        return self._folder / f"{self._kind}-{shard:05d}.i16"


class Shards:
    """Reads the files of one kind. What was cut from them leaves memory when more than a bound has been cut.

    Args:
        folder: where they lie.
        kind: their name.
        num_samples: how many samples they must have together.

    Raises:
        KwspipeError: they have more or fewer.
    """

    def __init__(self, folder: Path, kind: str, num_samples: int) -> None:
        self._paths = sorted(folder.glob(f"{kind}-*.i16"))
        sizes = [path.stat().st_size for path in self._paths]
        expected = num_samples * SAMPLE.itemsize
        if sum(sizes) != expected or any(size % SAMPLE.itemsize for size in sizes):
            received = f"{sum(sizes)} bytes in {len(sizes)} file(s) instead of {expected}"
            raise incomplete_store(folder / f"{kind}-*.i16", received)
        self._starts = [0, *np.cumsum(sizes, dtype=np.int64).tolist()]
        self._maps: dict[int, mmap.mmap] = {}
        self._resident = 0

    def cut(self, offset: int, length: int) -> Pcm:
        """Returns samples of one recording, (length,) int16, without copying."""
        start, size = int(offset) * SAMPLE.itemsize, int(length) * SAMPLE.itemsize
        shard = bisect_right(self._starts, start) - 1
        if shard not in self._maps:
            self._maps[shard] = map_file(self._paths[shard])
        self._resident += size + FAULT_AROUND_BYTES
        if self._resident > MAX_RESIDENT_BYTES:
            self._release()
            self._resident = size + FAULT_AROUND_BYTES
        return np.frombuffer(self._maps[shard], SAMPLE, int(length), start - self._starts[shard])

    def _release(self) -> None:
        """Gives the pages read so far back; whoever still holds samples of them finds them in the file again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps.values():
                mapped.madvise(mmap.MADV_DONTNEED)


def map_file(path: Path) -> mmap.mmap:
    """Maps a file, which must not be empty, for reading."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def incomplete_store(path: Path, received: str) -> KwspipeError:
    """Makes the error that says that a store is not as ``prepare`` left it."""
    return KwspipeError(str(path), received, "a store that prepare wrote", "run the stage prepare again")
