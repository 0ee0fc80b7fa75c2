"""Fixtures that build firmware."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kwspipe.device.firmware import build_lock
from support.paths import FIRMWARE, TESTS

CHECKS = TESTS / "firmware"


def build(name: str, sources: list[Path], folder: Path = FIRMWARE) -> Path:
    """Links firmware for BRD2601. Skips the test if no compiler is installed. A lock serializes processes of tests."""
    has_zig = importlib.util.find_spec("ziglang") is not None
    if not (shutil.which("make") and (shutil.which("arm-none-eabi-gcc") or has_zig)):
        pytest.skip("needs make, and arm-none-eabi-gcc or the package ziglang, to build the board's firmware")
    target = f"build/{name}"
    (folder / target).mkdir(parents=True, exist_ok=True)
    files = " ".join(str(path.relative_to(folder)) for path in sources)
    command = [
        "make",
        "-s",
        "BOARD=brd2601",
        f"PYTHON={sys.executable}",
        f"BUILD={target}",
        f"SOURCES={files}",
    ]
    with build_lock(folder / target):
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / target / "kwspipe.elf"


def board_sources() -> list[Path]:
    """Returns the source files of the board."""
    return sorted((FIRMWARE / "boards" / "brd2601").glob("*.c"))


@pytest.fixture(scope="session")
def build_firmware() -> Callable[..., Path]:
    """Returns build()."""
    return build


def _copy_if_changed(source: Path, target: Path) -> None:
    """Copies a file if it has changed. Make does not compile an unchanged file again."""
    if not target.exists() or target.read_text() != source.read_text():
        copy = target.with_suffix(f".{os.getpid()}")  # other processes of tests may read the target
        copy.write_text(source.read_text())
        copy.replace(target)


def build_check(name: str, sources: list[Path]) -> Path:
    """Links a program of tests/firmware with the files of the board and additional sources."""
    pytest.importorskip("unicorn", reason="the emulated board needs the extra `emulator`")
    folder = FIRMWARE / "build" / name
    folder.mkdir(parents=True, exist_ok=True)
    main = folder / "main.c"
    _copy_if_changed(CHECKS / f"{name}.c", main)
    for header in CHECKS.glob("*.h"):
        _copy_if_changed(header, folder / header.name)
    return build(name, [main, *sources, *board_sources()])


@pytest.fixture(scope="session")
def board_check_firmware() -> Path:
    """Returns the test firmware for the drivers of the board (tests/firmware/board_check.c)."""
    return build_check("board_check", [])


@pytest.fixture(scope="session")
def brd2601_firmware() -> Path:
    """Returns the firmware of BRD2601."""
    pytest.importorskip("unicorn", reason="the emulated board needs the extra `emulator`")
    common = [path for folder in ("core", "app") for path in sorted((FIRMWARE / folder).rglob("*.[cS]"))]
    return build("brd2601", [*common, *board_sources()])


@pytest.fixture(scope="session")
def model_check_firmware() -> Path:
    """Returns the test firmware that runs a model on inputs from the serial line (tests/firmware/model_check.c)."""
    return build_check("model_check", sorted((FIRMWARE / "core").rglob("*.[cS]")))
