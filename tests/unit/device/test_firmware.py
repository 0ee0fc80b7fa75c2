"""Build, update and flashing of the firmware of a board, without a board and without vendor tools."""

import stat
import struct
import sys
from pathlib import Path

import pytest
from rich.console import Console

from kwspipe.device import boards, firmware, flashing
from kwspipe.device.errors import LinkLostError, WrongBoardError
from kwspipe.device.firmware import Firmware, FirmwareError
from kwspipe.device.messages import Hello

QUIET = Console(quiet=True)


def built(folder: Path) -> Firmware:
    return Firmware(folder / "kwspipe.elf", "0.1.0-new")


def program(folder: Path, script: str) -> list[str]:
    path = folder / "commander"
    path.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def test_missing_sources_are_an_error(tmp_path):
    with pytest.raises(
        FirmwareError, match=r"firmware of host: this installation has no firmware sources.*clone"
    ):
        firmware.build("host", tmp_path)


def test_missing_make_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "Makefile").write_text("all:\n")
    monkeypatch.setattr(firmware.shutil, "which", lambda name: None)
    with pytest.raises(FirmwareError, match="make is not installed"):
        firmware.build("host", tmp_path)


def test_a_failed_build_reports_the_output_of_the_compiler(tmp_path):
    (tmp_path / "Makefile").write_text("all:\n\t@echo kws_app.c:7: error: expected ';'\n\t@exit 1\n")
    with pytest.raises(FirmwareError, match=r"the build failed:\nkws_app.c:7: error: expected(.|\n)*ziglang"):
        firmware.build("host", tmp_path)


def test_a_build_returns_program_and_version(tmp_path):
    (tmp_path / "Makefile").write_text(
        "all:\n\t@mkdir -p build/$(BOARD)\n\t@echo 0.1.0-abc > build/$(BOARD)/version.txt\n"
    )
    result = firmware.build("brd2601", tmp_path)
    assert result == Firmware(tmp_path / "build" / "brd2601" / "kwspipe.elf", "0.1.0-abc")
    assert result.flash_file.name == "kwspipe.s37"
    assert firmware.build("host", tmp_path).sizes() == {}


def test_sizes_are_read_from_the_program(tmp_path):
    def section(flags: int, address: int, size: int) -> bytes:
        return struct.pack("<10I", 0, 1, flags, address, 0, size, 0, 0, 0, 0)

    sections = [
        section(2, 0x20000000, 1000),
        section(2, 0x20001000, 24),
        section(2, 0x08000000, 5000),
        section(0, 0x20000000, 9999),
    ]
    header = bytearray(52)
    struct.pack_into("<I", header, 32, 52)
    struct.pack_into("<HH", header, 46, 40, len(sections))
    result = built(tmp_path)
    result.program.write_bytes(bytes(header) + b"".join(sections))
    (tmp_path / "kwspipe.bin").write_bytes(bytes(777))
    assert result.sizes() == {"firmware_flash_bytes": 777, "firmware_ram_bytes": 1024}


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


class FakeLink:
    """Link whose responses to HELLO are given in advance."""

    def __init__(self, answers: list) -> None:
        self.answers = answers

    def __enter__(self) -> "FakeLink":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def hello(self) -> Hello:
        answer = self.answers.pop(0)
        if answer is None:
            raise LinkLostError("port", "no answer")
        return Hello(1, 1, 2048, 1, 1, *answer, "cycles")


def update(folder: Path, answers: list) -> list[str]:
    flashed: list[str] = []
    boards.update_firmware(
        "port-1",
        built(folder),
        QUIET,
        lambda _f, received, _n: flashed.append(received),
        lambda _: FakeLink(answers),
    )
    assert answers == []
    return flashed


def test_equal_firmware_is_not_flashed(tmp_path):
    assert update(tmp_path, [("brd2601", "0.1.0-new")]) == []


@pytest.mark.parametrize(
    ("before", "received"),
    [(("brd2601", "0.1.0-old"), "it has version 0.1.0-old"), (None, "no firmware of kwspipe answers")],
)
def test_other_or_missing_firmware_is_replaced_and_checked(tmp_path, before, received):
    assert update(tmp_path, [before, ("brd2601", "0.1.0-new")]) == [received]


def test_another_board_is_not_flashed(tmp_path):
    with pytest.raises(
        WrongBoardError, match=r"port-1: the board at this port is 'host'.*a brd2601.*board=host"
    ):
        update(tmp_path, [("host", "0.1.0-new")])


@pytest.mark.parametrize(
    ("after", "match"),
    [
        (None, "flashing succeeded, but nothing answers"),
        (("brd2601", "0.1.0-old"), "still reports 0.1.0-old"),
    ],
)
def test_flashing_without_effect_is_an_error(tmp_path, after, match):
    with pytest.raises(WrongBoardError, match=match):
        update(tmp_path, [("brd2601", "0.1.0-old"), after])
