"""Flashing of the BRD2601 with Simplicity Commander."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from kwspipe.device.firmware import Firmware, FirmwareError, last_lines

CHIP = "EFR32MG24B310F1536IM48"
TIMEOUT_S = 180.0


def find_commander() -> list[str] | None:
    """Returns the command of Simplicity Commander, or None.

    An installed Simplicity Commander has priority over the Python package ``silabs-pycommander``.
    """
    next_to_python = Path(sys.executable).parent / "pycommander"
    for name in ("commander", "commander-cli", "pycommander", str(next_to_python)):
        path = shutil.which(name)
        if path is not None:
            return [path]
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
        firmware: the firmware to flash.
        received: the firmware that is on the board, for the error message.
        serial_number: serial number of the J-Link, in case several are connected.
        commander: finds Simplicity Commander.

    Raises:
        FirmwareError: if Simplicity Commander is missing or failed. The message contains its output.
    """
    command = commander()
    if command is None:
        raise FirmwareError(
            "firmware of brd2601",
            f"{received}; Simplicity Commander is not installed",
            f"version {firmware.version}",
            f"pip install 'kwspipe[flash]' or install Simplicity Commander, and run again; "
            f"or flash {firmware.flash_file} with another tool",
        )
    command += ["flash", str(firmware.flash_file), "--device", CHIP]
    command += ["--serialno", serial_number] if serial_number else []
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        failed, output = result.returncode != 0, last_lines(result.stdout + result.stderr)
    except subprocess.TimeoutExpired:
        failed, output = True, f"it did not end within {TIMEOUT_S:.0f} s"
    except OSError as error:
        failed, output = True, str(error)
    if failed:
        raise FirmwareError(
            "firmware of brd2601",
            f"Simplicity Commander failed: {output}",
            "a board that its J-Link can reach",
            "check the cable and the power, close other debuggers, and run again",
        )
