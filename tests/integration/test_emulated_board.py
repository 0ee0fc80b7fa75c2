"""Drivers of the board on the emulated chip, one peripheral at a time (tests/firmware/board_check.c)."""

import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import serial
import soundfile

from kwspipe.device.emulator import EmulatedBoard
from kwspipe.errors import KwspipeError
from support.paths import FIRMWARE

KWS_OK, KWS_ERROR_FLASH = 0, -6
Start = Callable[..., "Check"]


class Check:
    """Host side of board_check.c."""

    def __init__(self, board: EmulatedBoard) -> None:
        self.board = board
        self.port = serial.Serial(board.port, 115200, timeout=10)
        # Opening a port discards received bytes, so that the greeting after power-on may be lost.
        self.port.write(b"h")
        assert self.port.read_until(b"hello\n").endswith(b"hello\n")

    def request(self, command: str, *words: int, data: bytes = b"") -> int:
        self.port.write(command.encode() + struct.pack(f"<{len(words)}I", *words) + data)
        return int(struct.unpack("<i", self.port.read(4))[0])

    def write(self, offset: int, data: bytes) -> int:
        return self.request("w", offset, len(data), data=data)

    def content(self, offset: int, size: int) -> bytes:
        self.port.write(b"f" + struct.pack("<II", offset, size))
        return self.port.read(size)


@pytest.fixture
def start(board_check_firmware: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts boards with a common flash file, on free time by default."""
    boards: list[EmulatedBoard] = []

    def start_one(baud: int = 0, **settings: object) -> Check:
        board = EmulatedBoard(board_check_firmware, tmp_path / "flash.bin", baud=baud, **settings)  # type: ignore[arg-type]
        boards.append(board)
        board.start()
        return Check(board)

    yield start_one
    for board in boards:
        board.close()


def test_the_slots_are_page_aligned_and_at_the_end_of_flash(start: Start) -> None:
    check = start()
    check.port.write(b"p")
    base, page, slot, window = struct.unpack("<4I", check.port.read(16))
    assert page == 8192
    assert base % page == 0 and slot % page == 0
    assert base + 2 * slot == 0x08180000
    assert slot >= 330 * 1024
    assert window >= 2048


def test_the_board_reports_the_version_of_its_build(start: Start, board_check_firmware: Path) -> None:
    check = start()
    check.port.write(b"v")
    version = check.port.read_until(b"\0")[:-1].decode()
    assert version == (board_check_firmware.parent / "version.txt").read_text().strip()
    assert len(version) <= 31


def test_written_data_remain_after_a_kill_of_the_process(start: Start) -> None:
    check = start()
    data = bytes(range(256)) * 4
    assert check.request("e", 8192) == KWS_OK
    assert check.write(8192, data) == KWS_OK
    assert check.content(8192, len(data)) == data
    check.board.restart()
    assert Check(check.board).content(8192, len(data)) == data


def test_data_that_are_not_page_aligned_are_programmed(start: Start) -> None:
    check = start()
    assert check.write(8192 - 12, b"ABCDEFGHIJKL") == KWS_OK
    assert check.content(8192 - 12, 16) == b"ABCDEFGHIJKL\xff\xff\xff\xff"


def test_addresses_outside_the_slots_are_refused(start: Start) -> None:
    check = start()
    end = 2 * 92 * 8192
    for offset in (4, end, 2**32 - 8192):
        assert check.request("e", offset) == KWS_ERROR_FLASH
    for offset, data in (
        (2, b"1234"),
        (8188, b"12345678"),
        (end, b"1234"),
        (2**32 - 4, b"1234"),
        (0, b"123"),
    ):
        assert check.write(offset, data) == KWS_ERROR_FLASH
    assert check.board.status()["flash"]["operations"] == 0  # type: ignore[index]


def test_a_power_cut_during_a_write_restarts_the_board(start: Start) -> None:
    check = start(power_loss_at=2)
    assert check.request("e", 0) == KWS_OK
    data = bytes(1024)
    check.port.write(b"w" + struct.pack("<II", 0, len(data)) + data)
    assert check.port.read_until(b"ready\n").endswith(b"ready\n")
    found = np.frombuffer(check.content(0, len(data)), "<u4")
    num_written = int(np.argmax(found != 0))
    assert (found[:num_written] == 0).all()
    assert (found[num_written + 1 :] == 0xFFFFFFFF).all()


def test_the_microphone_delivers_every_sample_of_a_recording(start: Start, tmp_path: Path) -> None:
    # More samples than the ring buffer of 8192, with the full range of values.
    samples = np.random.default_rng(0).integers(-32768, 32768, 40_000).astype(np.int16)
    soundfile.write(tmp_path / "noise.wav", samples, 16000)
    check = start(wav=tmp_path / "noise.wav")
    assert check.request("m", len(samples)) == KWS_OK
    received = np.frombuffer(check.port.read(2 * len(samples)), "<i2")
    np.testing.assert_array_equal(received, samples)
    started = next(event for event in check.board.events if event["event"] == "microphone")
    assert started["understood"] is True
    assert started["sample_rate_hz"] == pytest.approx(16000, rel=0.003)


def test_on_paced_time_the_microphone_has_the_speed_of_the_recording(start: Start, tmp_path: Path) -> None:
    samples = np.arange(8000, dtype=np.int16)
    soundfile.write(tmp_path / "ramp.wav", samples, 16000)
    check = start(baud=115200, wav=tmp_path / "ramp.wav")
    begin = time.monotonic()
    check.request("m", 2000)
    received = np.frombuffer(check.port.read(4000), "<i2")
    np.testing.assert_array_equal(received, samples[:2000])
    assert time.monotonic() - begin > 0.1


def test_no_byte_is_lost_while_the_firmware_is_busy(start: Start) -> None:
    data = np.random.default_rng(1).bytes(1500)
    check = start(baud=115200)
    check.port.write(b"b" + struct.pack("<II", 200, len(data)) + data)
    assert check.port.read(len(data)) == data


def test_the_leds_are_reported(start: Start) -> None:
    check = start()
    check.request("l", 0, 1)
    assert check.board.wait_for("light") == {"event": "light", "colour": "red", "on": True}
    check.request("l", 1, 1)
    assert check.board.wait_for("light") == {"event": "light", "colour": "green", "on": True}
    check.request("l", 0, 0)
    assert check.board.wait_for("light") == {"event": "light", "colour": "red", "on": False}


def test_the_instruction_counts_are_reproducible(start: Start) -> None:
    check = start()
    check.port.write(b"n")
    assert check.port.read_until(b"\0") == b"instructions\0"
    counts = [check.request("c") for _ in range(3)]
    assert counts[1] == counts[2]
    assert 4_000 < counts[1] < 12_000  # a loop of 1000 iterations with a volatile variable


def test_the_time_advances(start: Start) -> None:
    """The time of the board advances by the requested delay at least, and by the time of this machine at most."""
    check = start()
    begin_s = time.monotonic()
    first = check.request("t", 0)
    advanced_ms = check.request("t", 250) - first
    elapsed_ms = 1000 * (time.monotonic() - begin_s)
    assert 250 <= advanced_ms <= elapsed_ms + 1


def test_pending_bytes_are_sent_before_a_reset(start: Start) -> None:
    check = start(baud=115200)
    check.port.write(b"r")
    assert check.port.read_until(b"ready\n") == b"byeready\n"


@pytest.mark.parametrize(
    ("option", "core_hz"), [(None, 78_000_000), ("--loop-fails", 39_000_000), ("--crystal-fails", 19_000_000)]
)
def test_the_firmware_uses_a_slower_clock_if_a_faster_one_does_not_start(
    start: Start, option: str | None, core_hz: int
) -> None:
    check = start(options=(option,) if option else ())
    assert check.board.status()["core_hz"] == core_hz
    line = next(event for event in check.board.events if event["event"] == "serial")
    assert line["understood"] is True
    assert line["baud"] == pytest.approx(115200, rel=0.002)
    assert check.request("t", 10) >= 10


@pytest.mark.parametrize(
    ("command", "words", "reason"),
    [
        ("s", (), "Unhandled CPU exception"),
        ("x", (0x30000000,), "Invalid memory read"),
        ("x", (0x40090000,), "Invalid memory read"),
        ("x", (0x4005C0F0,), "USART0+0x0f0 is not a register"),
    ],
)
def test_a_fault_stops_the_emulator_with_a_reason(
    start: Start, command: str, words: tuple[int, ...], reason: str
) -> None:
    check = start()
    check.port.write(command.encode() + struct.pack(f"<{len(words)}I", *words))
    assert reason in str(check.board.wait_for("fault")["reason"])
    with pytest.raises(KwspipeError, match="would fail on the chip"):
        check.board.wait_for("start")


def test_the_stack_is_smaller_than_the_bound_computed_by_the_build(
    start: Start, board_check_firmware: Path
) -> None:
    script = FIRMWARE / "boards" / "brd2601" / "stack.py"
    output = subprocess.run(
        [sys.executable, script, board_check_firmware], capture_output=True, text=True, check=True
    ).stdout
    bound = int(output.split("stack ")[1].split(" of ")[0].replace(",", ""))
    check = start()
    check.request("t", 0)
    used = check.board.status()["stack_bytes"]
    assert isinstance(used, int)
    assert 50 < used < bound < 8192


def test_the_build_is_reproducible_in_another_folder(
    board_check_firmware: Path, build_firmware: Callable[..., Path], tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere" / "firmware"
    shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("build"))
    (copy.parent / "src" / "kwspipe").mkdir(parents=True)
    shutil.copy(FIRMWARE.parent / "src" / "kwspipe" / "__init__.py", copy.parent / "src" / "kwspipe")
    (copy / "build" / "board_check").mkdir(parents=True)
    for file in board_check_firmware.parent.glob("*.[ch]"):
        shutil.copy(file, copy / "build" / "board_check")
    sources = [copy / "build" / "board_check" / "main.c", *sorted((copy / "boards" / "brd2601").glob("*.c"))]
    rebuilt = build_firmware("board_check", sources, copy)
    for suffix in (".bin", ".s37"):
        assert (
            rebuilt.with_suffix(suffix).read_bytes() == board_check_firmware.with_suffix(suffix).read_bytes()
        )
