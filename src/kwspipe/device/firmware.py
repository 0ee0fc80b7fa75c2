"""The firmware of a board: building it, its version, flashing it where the board's differs."""

import importlib.util
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kwspipe.device.errors import DeviceError

SOURCES = Path(__file__).resolve().parents[3] / "firmware"
PROGRAM = {"host": "kwspipe", "brd2601": "kwspipe.elf"}  # what runs; the emulated board runs the brd2601's
CHIP = "EFR32MG24B310F1536IM48"
RAM = range(0x2000_0000, 0x2004_0000)
SHF_ALLOC = 2
FLASH_TIMEOUT_S = 180.0
LAST_LINES = 15  # of a failed program's output, for the message


class FirmwareError(DeviceError):
    """The board's firmware cannot be built or flashed."""


@dataclass(frozen=True)
class Firmware:
    """Built firmware.

    Attributes:
        program: the linked program.
        version: what the board says of it in HELLO.
    """

    program: Path
    version: str

    @property
    def flash_file(self) -> Path:
        """What Simplicity Commander flashes."""
        return self.program.with_suffix(".s37")

    def sizes(self) -> dict[str, int]:
        """Flash and RAM it takes, in bytes; empty for a native program."""
        if self.program.suffix != ".elf":
            return {}
        elf = self.program.read_bytes()
        return {
            "firmware_flash_bytes": self.program.with_suffix(".bin").stat().st_size,
            "firmware_ram_bytes": _ram_bytes(elf),
        }


def _ram_bytes(elf: bytes) -> int:
    """Size of the sections that lie in RAM (ELF32, TIS ELF 1.2)."""
    offset, size, count = struct.unpack_from("<I10xHH", elf, 32)
    total = 0
    for i in range(count):
        _name, _kind, flags, address, _place, length = struct.unpack_from("<6I", elf, offset + i * size)
        if flags & SHF_ALLOC and RAM.start <= address < RAM.stop:
            total += length
    return total


def _last_lines(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-LAST_LINES:])


def build(board: str, sources: Path = SOURCES) -> Firmware:
    """Builds the firmware of ``host`` or ``brd2601`` where its sources have changed.

    Raises:
        FirmwareError: no sources, no make, no compiler, or the build failed.
    """
    if not (sources / "Makefile").is_file():
        raise FirmwareError(
            f"firmware of {board}",
            "this installation has no firmware sources",
            "a checkout of the project",
            "clone the repository and run from there (pip install -e .)",
        )
    if shutil.which("make") is None:
        raise FirmwareError(
            f"firmware of {board}", "make is not installed", "GNU make", "install make and run again"
        )
    command = ["make", "-s", "-C", str(sources), f"BOARD={board}", f"PYTHON={sys.executable}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise FirmwareError(
            f"firmware of {board}",
            f"the build failed:\n{_last_lines(done.stdout + done.stderr)}",
            "a compiler for the board: its own, or the one of PyPI's ziglang",
            "pip install 'kwspipe[toolchain]' where no compiler is installed, and run again",
        )
    folder = sources / "build" / board
    return Firmware(folder / PROGRAM[board], (folder / "version.txt").read_text().strip())


def find_commander() -> list[str] | None:
    """The command of Simplicity Commander: an installed one, or the package silabs-pycommander's."""
    beside = Path(sys.executable).parent / "pycommander"
    for name in ("commander", "commander-cli", "pycommander", str(beside)):
        found = shutil.which(name)
        if found is not None:
            return [found]
    if importlib.util.find_spec("pycommander") is not None:
        return [sys.executable, "-m", "pycommander"]
    return None


def flash(
    firmware: Firmware,
    received: str,
    serial_number: str | None,
    commander: Callable[[], list[str] | None] = find_commander,
) -> None:
    """Flashes the BRD2601 through its on-board J-Link.

    Args:
        firmware: what to flash.
        received: what is on the board, for the message.
        serial_number: of the J-Link, where several may be connected.
        commander: finds Simplicity Commander.

    Raises:
        FirmwareError: no Simplicity Commander, or it failed; its own words are in the message.
    """
    command = commander()
    if command is None:
        raise FirmwareError(
            "firmware of brd2601",
            f"{received}; Simplicity Commander is not installed",
            f"version {firmware.version}",
            f"pip install 'kwspipe[flash]' or install Simplicity Commander, and run again; "
            f"or flash {firmware.flash_file} by other means",
        )
    command += ["flash", str(firmware.flash_file), "--device", CHIP]
    command += ["--serialno", serial_number] if serial_number else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FLASH_TIMEOUT_S, check=False)
        failed, said = done.returncode != 0, _last_lines(done.stdout + done.stderr)
    except subprocess.TimeoutExpired:
        failed, said = True, f"no end after {FLASH_TIMEOUT_S:.0f} s"
    except OSError as error:
        failed, said = True, str(error)
    if failed:
        raise FirmwareError(
            "firmware of brd2601",
            f"Simplicity Commander failed: {said}",
            "a board it can reach through its J-Link",
            "check the cable and the power, close other debuggers, and run again",
        )
