"""Converts the linked firmware to files for flashing (.s37, .bin) and prints its use of flash and RAM."""

import struct
import sys
from dataclasses import dataclass
from pathlib import Path

RAM_BASE, RAM_BYTES = 0x2000_0000, 256 * 1024
FIRMWARE_BASE, FIRMWARE_BYTES = 0x0800_0000, 64 * 1024
PT_LOAD, SHF_ALLOC = 1, 2


@dataclass(frozen=True)
class Section:
    """A section of the ELF file that occupies memory."""

    name: str
    address: int
    size_bytes: int


def load_segments(elf: bytes) -> list[tuple[int, bytes]]:
    """Returns (load address, content) of every segment that is written to flash (ELF32, TIS ELF 1.2)."""
    offset, size, count = struct.unpack_from("<I10xHH", elf, 28)
    segments = []
    for i in range(count):
        kind, start, _, address, length = struct.unpack_from("<5I", elf, offset + i * size)
        if kind == PT_LOAD and length:
            segments.append((address, elf[start : start + length]))
    return sorted(segments)


def allocated_sections(elf: bytes) -> list[Section]:
    """Returns the sections that occupy memory at run time."""
    offset, size, count, names_index = struct.unpack_from("<I10xHHH", elf, 32)
    headers = [struct.unpack_from("<6I", elf, offset + i * size) for i in range(count)]
    names_at = headers[names_index][4]

    def name(at: int) -> str:
        return elf[names_at + at : elf.index(0, names_at + at)].decode()

    return [Section(name(h[0]), h[3], h[5]) for h in headers if h[2] & SHF_ALLOC and h[5]]


def flat_image(segments: list[tuple[int, bytes]]) -> bytes:
    """Returns the flash content starting at FIRMWARE_BASE. Gaps are erased flash."""
    end = max(address + len(content) for address, content in segments)
    image = bytearray(b"\xff" * (end - FIRMWARE_BASE))
    for address, content in segments:
        image[address - FIRMWARE_BASE : address - FIRMWARE_BASE + len(content)] = content
    return bytes(image)


def s_records(image: bytes, name: str, bytes_per_line: int = 32) -> str:
    """Returns the image as Motorola S-records with 32-bit addresses (S0, S3, S7)."""

    def record(kind: str, address: int, address_bytes: int, data: bytes) -> str:
        body = bytes([address_bytes + len(data) + 1]) + address.to_bytes(address_bytes, "big") + data
        return f"{kind}{(body + bytes([~sum(body) & 0xFF])).hex().upper()}\n"

    lines = [record("S0", 0, 2, name.encode())]
    for at in range(0, len(image), bytes_per_line):
        lines.append(record("S3", FIRMWARE_BASE + at, 4, image[at : at + bytes_per_line]))
    return "".join([*lines, record("S7", FIRMWARE_BASE, 4, b"")])


def main(path: Path) -> None:
    """Writes the files to the folder of the ELF file and prints the sizes."""
    elf = path.read_bytes()
    image = flat_image(load_segments(elf))
    sections = allocated_sections(elf)
    in_ram = [s for s in sections if RAM_BASE <= s.address < RAM_BASE + RAM_BYTES]
    ram = sum(s.size_bytes for s in in_ram)
    stack = sum(s.size_bytes for s in in_ram if s.name == ".stack")
    path.with_suffix(".bin").write_bytes(image)
    path.with_suffix(".s37").write_text(s_records(image, path.stem), newline="\n")
    print(f"flash {len(image):7,} of {FIRMWARE_BYTES:9,} bytes")
    print(f"RAM   {ram:7,} of {RAM_BYTES:9,} bytes, of which {stack:,} for the stack")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
