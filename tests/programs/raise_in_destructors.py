"""Raises errors in two destructors, a disk-full error and another one, and then one of both outside of a destructor.

Argument: ``full`` for the disk-full error outside of the destructors, or ``other``.
"""

import sys

from kwspipe.files import disk

FULL = "flush failed: No space left on device"


class DiskFull:
    def __del__(self) -> None:
        raise RuntimeError(FULL)


class Broken:
    def __del__(self) -> None:
        raise RuntimeError("error of a destructor")


disk.silence_disk_full_destructors()
DiskFull(), Broken()
raise RuntimeError(FULL if sys.argv[1] == "full" else "error of the program")
