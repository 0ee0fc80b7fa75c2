"""Build of the firmware of a board: errors, version and sizes."""

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from kwspipe.config import BoardConfig
from kwspipe.device import firmware
from kwspipe.device.firmware import SOURCES, TARGETS, Firmware, FirmwareError, firmware_target
from support.paths import CONF


def built(folder: Path) -> Firmware:
    return Firmware(folder / "kwspipe.elf", "0.1.0-new")


def test_every_board_has_a_configuration_a_folder_and_a_target():
    names = get_args(get_type_hints(BoardConfig)["name"])
    assert {path.stem for path in (CONF / "board").glob("*.yaml")} == set(names)
    folders = {path.parent.name for path in SOURCES.glob("boards/*/board.mk")}
    assert {firmware_target(name) for name in names} == folders == set(TARGETS)


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


def test_a_build_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "Makefile").write_text("all:\n")
    (tmp_path / "build").write_text("a file")
    with pytest.raises(FirmwareError, match=r"build: File exists\. Allowed: a folder that can be written to"):
        firmware.build("host", tmp_path)


def test_concurrent_builds_run_one_after_the_other(tmp_path):
    (tmp_path / "Makefile").write_text(
        "all:\n\t@mkdir build/busy\n\t@sleep 0.1\n\t@rmdir build/busy\n"
        "\t@mkdir -p build/host\n\t@echo 0.1.0-abc > build/host/version.txt\n"
    )
    with ThreadPoolExecutor(3) as threads:
        assert (
            len(
                {built.version for built in threads.map(lambda _: firmware.build("host", tmp_path), range(3))}
            )
            == 1
        )


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
