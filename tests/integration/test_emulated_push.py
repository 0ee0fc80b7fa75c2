"""Pushing to the emulated board: real frames over a pseudo-terminal, power cuts in the modelled flash.

The firmware has the core's link and slots; its model is a sum (tests/firmware/link_check.c), so that each push is
quick and needs no compiler of models.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import serial

from board_model import INPUT_BYTES, compute
from kwspipe.device.emulator import EmulatedBoard
from kwspipe.device.link import Link
from kwspipe.device.messages import ImageId
from kwspipe.device.ports import open_port
from kwspipe.device.push import Golden, PushReport, Watcher, push

OLD = b"KWSi" + random.Random(1).randbytes(3_000)
NEW = b"KWSi" + random.Random(2).randbytes(10_000)
MEMORY_BYTES = 1000


def golden_of(image: bytes) -> Golden:
    inputs = np.random.default_rng(0).integers(-128, 128, (2, INPUT_BYTES)).astype(np.int8)
    outputs = [np.frombuffer(compute(image, row.tobytes()), np.int8) for row in inputs]
    return Golden(inputs, np.stack(outputs))


def connect(board: EmulatedBoard) -> Link:
    return Link(open_port(board.port), board.port)


def push_to(board: EmulatedBoard, image: bytes, watcher: Watcher | None = None) -> PushReport:
    return push(
        lambda: connect(board), image, MEMORY_BYTES, golden_of(image), watcher or Watcher(), lambda _: None
    )


@pytest.fixture
def flash_file(tmp_path: Path) -> Path:
    return tmp_path / "flash.bin"


@pytest.fixture
def start(link_check_firmware: Path, flash_file: Path) -> Iterator[Callable[..., EmulatedBoard]]:
    boards: list[EmulatedBoard] = []

    def start_one(baud: int = 0, **settings: object) -> EmulatedBoard:
        board = EmulatedBoard(link_check_firmware, flash_file, baud=baud, **settings)  # type: ignore[arg-type]
        boards.append(board)
        board.start()
        return board

    yield start_one
    for board in boards:
        board.close()


def flash_counts(board: EmulatedBoard) -> dict[str, int]:
    counts = board.status()["flash"]
    assert isinstance(counts, dict)
    return counts


def active(board: EmulatedBoard) -> bytes | None:
    with connect(board) as link:
        image_id = link.status().active
    return next((image for image in (OLD, NEW) if image_id == ImageId.of(image)), None)


def test_the_board_introduces_itself(start: Callable[..., EmulatedBoard], link_check_firmware: Path) -> None:
    with connect(start()) as link:
        hello = link.hello()
    assert (hello.board, hello.cycles_name) == ("brd2601", "instructions")
    assert hello.firmware == (link_check_firmware.parent / "version.txt").read_text().strip()
    assert hello.max_image_bytes >= 330 * 1024


def test_a_push_survives_power_off_and_programs_no_word_twice(start: Callable[..., EmulatedBoard]) -> None:
    board = start()
    assert active(board) is None
    report = push_to(board, NEW)
    assert (report.was_active, report.num_resumes, report.num_vectors) == (False, 0, 2)
    assert flash_counts(board)["overprogrammed_words"] == 0
    board.restart()
    assert active(board) == NEW
    assert push_to(board, NEW).was_active


class PoweredPort:
    """A port that fails as soon as the power of its board does, so that nobody waits for a board that is off."""

    def __init__(self, board: EmulatedBoard) -> None:
        self._port = open_port(board.port)
        self._events = board.events
        self._num_losses = self._count()

    def _count(self) -> int:
        return sum(event["event"] == "power_loss" for event in self._events)

    @property
    def timeout(self) -> float | None:
        return self._port.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._port.timeout = seconds

    def read(self, size: int = 1, /) -> bytes:
        if self._count() > self._num_losses:
            raise serial.SerialException("the power failed")
        self._port.timeout = min(self._port.timeout or 0.05, 0.05)
        return bytes(self._port.read(size))

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)


def test_a_profile_counts_instructions_and_repeats(start: Callable[..., EmulatedBoard]) -> None:
    board = start()
    push_to(board, NEW)
    with connect(board) as link:
        profiles = [link.profile() for _ in range(2)]
    assert profiles[0] == profiles[1]
    assert len(NEW) < profiles[0].inference < 20 * len(NEW)


def test_the_power_may_fail_in_every_flash_operation(
    start: Callable[..., EmulatedBoard], flash_file: Path
) -> None:
    board = start(options=("--stay-off",))
    push_to(board, OLD)
    saved = flash_file.read_bytes()
    found_after_cuts: list[bytes | None] = []

    def resume(_error: Exception, _pause_s: float) -> None:
        board.power_cycle()
        found_after_cuts.append(active(board))

    for cut in itertools.count(1):
        with flash_file.open("r+b") as file:
            file.write(saved)
        board.power_cycle()
        board.lose_power_at(cut)
        report = push(
            lambda: Link(PoweredPort(board), board.port),  # type: ignore[arg-type]
            NEW, MEMORY_BYTES, golden_of(NEW), Watcher(on_resume=resume), lambda _: None,
        )  # fmt: skip
        assert active(board) == NEW
        assert report.num_resumes == len(found_after_cuts) - (cut - 1)
        if report.num_resumes == 0:
            break  # the push was over before so many operations
    assert len(found_after_cuts) > 20
    assert set(found_after_cuts) <= {OLD, NEW}, "after a cut the board had no model"
    assert OLD in found_after_cuts
    assert flash_counts(board)["overprogrammed_words"] == 0


def test_killing_the_board_again_and_again_only_delays_a_push(start: Callable[..., EmulatedBoard]) -> None:
    board = start()
    push_to(board, OLD)
    kills = iter([0.2, 0.5, 0.8])
    next_kill = [next(kills) * len(NEW)]

    def kill(done: int, _total: int) -> None:
        if done >= next_kill[0]:
            next_kill[0] = next(kills, 2.0) * len(NEW)
            board.restart()

    report = push_to(board, NEW, Watcher(on_sent=kill))
    assert report.num_resumes >= 3
    assert report.resumed_from > 0
    assert active(board) == NEW


def test_at_115200_baud_the_line_is_the_only_brake(start: Callable[..., EmulatedBoard]) -> None:
    report = push_to(start(baud=115200), NEW)
    ideal_s = report.sent_bytes * 10 / 115200
    assert ideal_s < report.push_s < 1.6 * ideal_s + 0.5
