"""Build of a board's firmware: toolchain check, version and sizes."""

import importlib.util
import os
import shlex
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from kwspipe.device.errors import DeviceError

SOURCES = Path(__file__).resolve().parents[3] / "firmware"
NATIVE = "cc"  # or the compiler in the environment variable CC
RAM = range(0x2000_0000, 0x2004_0000)
SHF_ALLOC = 2
MAX_OUTPUT_LINES = 15  # of a failed program, in the error message


@dataclass(frozen=True)
class Target:
    """Build of a folder of ``firmware/boards/``.

    Attributes:
        program: name of the linked program.
        compiler: compiler that ``board.mk`` uses if ziglang is not installed.
    """

    program: str
    compiler: str


TARGETS = {"host": Target("kwspipe", NATIVE), "brd2601": Target("kwspipe.elf", "arm-none-eabi-gcc")}
EMULATED = {"emulated": "brd2601"}  # target of each emulated board


class FirmwareError(DeviceError):
    """The firmware of the board cannot be built or flashed."""


@dataclass(frozen=True)
class Firmware:
    """Firmware after its build.

    Attributes:
        program: the linked program.
        version: the version that the board reports in HELLO.
    """

    program: Path
    version: str

    @property
    def flash_file(self) -> Path:
        """The file for Simplicity Commander."""
        return self.program.with_suffix(".s37")

    def sizes(self) -> dict[str, int]:
        """Returns the flash and RAM that the firmware occupies, in bytes. A native program has no sizes."""
        if self.program.suffix != ".elf":
            return {}
        elf = self.program.read_bytes()
        return {
            "firmware_flash_bytes": self.program.with_suffix(".bin").stat().st_size,
            "firmware_ram_bytes": _ram_bytes(elf),
        }


def firmware_target(board: str) -> str:
    """Returns the target to build for a board. The emulated board runs the firmware of the BRD2601."""
    return EMULATED.get(board, board)


def _ram_bytes(elf: bytes) -> int:
    """Returns the size of the sections in RAM (ELF32, TIS ELF 1.2)."""
    offset, size, count = struct.unpack_from("<I10xHH", elf, 32)
    total = 0
    for i in range(count):
        _name, _type, flags, address, _offset, length = struct.unpack_from("<6I", elf, offset + i * size)
        if flags & SHF_ALLOC and RAM.start <= address < RAM.stop:
            total += length
    return total


def last_lines(output: str) -> str:
    """Returns the end of a program's output, for an error message."""
    return "\n".join(output.strip().splitlines()[-MAX_OUTPUT_LINES:])


def check_build_tools(target: str, where: str) -> None:
    """Checks that a firmware can be built, without building it.

    Args:
        target: a key of ``TARGETS``.
        where: the first part of the error message, for example a configuration path.

    Raises:
        FirmwareError: if the sources, make or a compiler is missing.
    """
    _check_sources(where, SOURCES)
    if not has_compiler(target):
        compiler = TARGETS[target].compiler
        raise FirmwareError(
            where,
            f"no C compiler for the firmware of {target} is installed",
            f"the Python package ziglang, or {'a C compiler' if compiler == NATIVE else compiler}",
            "make setup (in a checkout), or pip install 'kwspipe[toolchain]', and run again",
        )


def has_compiler(target: str) -> bool:
    """Returns whether a compiler is installed that ``firmware/boards/<target>/board.mk`` can use."""
    compiler = TARGETS[target].compiler
    if compiler == NATIVE:
        compiler = [*shlex.split(os.environ.get("CC", NATIVE)), ""][0]
    return importlib.util.find_spec("ziglang") is not None or shutil.which(compiler) is not None


def _check_sources(where: str, sources: Path) -> None:
    if not (sources / "Makefile").is_file():
        raise FirmwareError(
            where,
            "this installation has no firmware sources",
            "a checkout of the project",
            "clone the repository and run from there (pip install -e .)",
        )
    if shutil.which("make") is None:
        raise FirmwareError(where, "make is not installed", "GNU make", "install make and run again")


def build(target: str, sources: Path = SOURCES) -> Firmware:
    """Builds the firmware of a target if its sources have changed. A lock serializes the jobs of a sweep.

    Args:
        target: a key of ``TARGETS``.
        sources: folder of the firmware.

    Raises:
        FirmwareError: if the sources, make or a compiler is missing, the folder is read-only, or the build failed.
    """
    where = f"firmware of {target}"
    _check_sources(where, sources)
    command = ["make", "-s", "-C", str(sources), f"BOARD={target}", f"PYTHON={sys.executable}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    folder = sources / "build" / target
    with build_lock(folder):
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode != 0:
        raise FirmwareError(
            where,
            f"the build failed:\n{last_lines(result.stdout + result.stderr)}",
            "a compiler for the board: its own, or the PyPI package ziglang",
            "pip install 'kwspipe[toolchain]' if no compiler is installed, and run again",
        )
    return Firmware(folder / TARGETS[target].program, (folder / "version.txt").read_text().strip())


def build_lock(folder: Path) -> FileLock:
    """Returns the lock of a folder that a firmware is built in, and creates the folder above it.

    Raises:
        FirmwareError: the folder is read-only.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.parent / f".{folder.name}.lock"
        lock.touch()
    except OSError as error:
        raise FirmwareError(
            str(folder.parent), f"{error.strerror}", "a folder that can be written to", "copy the checkout"
        ) from None
    return FileLock(lock)
