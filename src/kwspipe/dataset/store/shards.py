"""Sample files of bounded size (shards), written sequentially and memory-mapped for reading.

``clips-00000.i16``, ``clips-00001.i16`` and so on contain little-endian int16 samples. An offset counts the samples of
all files of one kind. A recording is never divided between two files. A file exceeds the bound only if it contains a
single recording that exceeds it.
"""

import mmap
from bisect import bisect_right
from pathlib import Path

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.errors import KwspipeError

SAMPLE = np.dtype("<i2")
# With this size, a million clips of one second take 120 files.
SHARD_BYTES = 256 * 2**20
# Mapped pages that have been read count as memory of the process until they are released.
MAX_RESIDENT_BYTES = 128 * 2**20
# Linux also maps this many bytes around a page that is read, if they are in the page cache (fault_around_bytes).
FAULT_AROUND_BYTES = 64 * 2**10


class ShardWriter:
    """Appends recordings to the files of one kind.

    Args:
        folder: an existing folder.
        kind: prefix of the file names.
        shard_bytes: maximum size of one file.
    """

    def __init__(self, folder: Path, kind: str, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._kind = kind
        self._shard_samples = shard_bytes // SAMPLE.itemsize
        self._starts = [0]
        self._length = 0
        self._file = self._path(0).open("wb")

    def append(self, pcm: Pcm) -> int:
        """Appends a recording, (samples,) int16, and returns the offset of its first sample."""
        offset, start = self._length, self._starts[-1]
        if offset > start and offset + pcm.size > start + self._shard_samples:
            self._file.close()
            self._file = self._path(len(self._starts)).open("wb")
            self._starts.append(offset)
        self._file.write(pcm.astype(SAMPLE, copy=False).tobytes())
        self._length += pcm.size
        return offset

    def read(self, offset: int, length: int) -> Pcm:
        """Returns samples of one recording written earlier, (length,) int16."""
        self._file.flush()
        shard = bisect_right(self._starts, offset) - 1
        start = (offset - self._starts[shard]) * SAMPLE.itemsize
        return np.fromfile(self._path(shard), SAMPLE, length, offset=start)

    def close(self) -> None:
        """Writes the buffered samples and closes the file."""
        self._file.close()

    def _path(self, shard: int) -> Path:
        return self._folder / f"{self._kind}-{shard:05d}.i16"


class Shards:
    """Reads the files of one kind. It releases the mapped pages each time ``MAX_RESIDENT_BYTES`` have been read.

    Args:
        folder: folder of the files.
        kind: prefix of the file names.
        num_samples: expected number of samples in all files.

    Raises:
        KwspipeError: the files have another number of samples.
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
        """Releases the pages read so far. Arrays that still refer to them are read from the file again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps.values():
                mapped.madvise(mmap.MADV_DONTNEED)


def map_file(path: Path) -> mmap.mmap:
    """Maps a file for reading; the file must not be empty."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def incomplete_store(path: Path, received: str) -> KwspipeError:
    """Returns the error for a store that is incomplete or was changed after the stage ``prepare`` wrote it."""
    return KwspipeError(str(path), received, "a store that prepare wrote", "run the stage prepare again")
