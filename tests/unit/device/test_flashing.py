"""Flashing with a replacement of Simplicity Commander."""

import stat
import sys
from pathlib import Path

import pytest

from kwspipe.device import flashing
from kwspipe.device.firmware import Firmware, FirmwareError


def built(folder: Path) -> Firmware:
    return Firmware(folder / "kwspipe.elf", "0.1.0-new")


def program(folder: Path, script: str) -> list[str]:
    path = folder / "commander"
    path.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def test_flashing_calls_commander_with_chip_and_serial_number(tmp_path):
    command = program(tmp_path, f"open({str(tmp_path / 'output')!r}, 'w').write(' '.join(sys.argv[1:]))")
    flashing.flash(built(tmp_path), "old", "000440", lambda: command)
    expected = f"flash {tmp_path / 'kwspipe.s37'} --device EFR32MG24B310F1536IM48 --serialno 000440"
    assert (tmp_path / "output").read_text() == expected


def test_without_commander_the_error_names_the_package_to_install(tmp_path):
    with pytest.raises(FirmwareError) as caught:
        flashing.flash(built(tmp_path), "it has version 0.0.9", None, lambda: None)
    message = str(caught.value)
    assert "it has version 0.0.9; Simplicity Commander is not installed" in message
    assert "version 0.1.0-new" in message and "kwspipe[flash]" in message and "kwspipe.s37" in message


def test_a_failure_of_commander_is_reported_with_its_output(tmp_path):
    command = program(tmp_path, "print('ERROR: Unable to connect to J-Link'); sys.exit(255)")
    with pytest.raises(
        FirmwareError, match="Simplicity Commander failed: ERROR: Unable to connect to J-Link"
    ):
        flashing.flash(built(tmp_path), "old", None, lambda: command)
    with pytest.raises(FirmwareError, match=r"Simplicity Commander failed: .*No such file"):
        flashing.flash(built(tmp_path), "old", None, lambda: [str(tmp_path / "missing")])
