"""Loadable segments of an ELF file."""

import struct
from pathlib import Path

from kwspipe.device.emulator.flash import BASE, SIZE
from kwspipe.errors import KwspipeError

PT_LOAD, EM_ARM = 1, 40


def load_segments(path: Path) -> list[tuple[int, bytes]]:
    """Returns (load address, content) of each segment in flash (ELF32, TIS ELF 1.2).

    Raises:
        KwspipeError: if the file is missing, is not an ELF file for Arm, or has addresses outside the flash.
    """
    try:
        elf = path.read_bytes()
        machine = struct.unpack_from("<H", elf, 18)[0] if elf[:6] == b"\x7fELF\x01\x01" else 0
        offset, size, count = struct.unpack_from("<I10xHH", elf, 28)
        headers = [struct.unpack_from("<5I", elf, offset + i * size) for i in range(count)] if machine else []
    except (OSError, struct.error) as error:
        raise KwspipeError(
            str(path), str(error), "the linked firmware", "build it with `make firmware BOARD=brd2601`"
        ) from error
    segments = [(h[3], elf[h[1] : h[1] + h[4]]) for h in headers if h[0] == PT_LOAD and h[4]]
    fits = all(address >= BASE and address + len(content) <= BASE + SIZE for address, content in segments)
    if machine != EM_ARM or not segments or not fits:
        raise KwspipeError(
            str(path), "not a firmware for this chip", "an ELF file for Arm with addresses in the chip's flash",
            "build it with `make firmware BOARD=brd2601`",
        )  # fmt: skip
    return segments
