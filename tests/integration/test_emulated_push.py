"""Push to the firmware of the release on the emulated board, with power cuts in the flash model."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import serial
import soundfile
from rich.console import Console

from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.spotter import Spotter
from kwspipe.device.boards import open_link
from kwspipe.device.emulator import EmulatedBoard
from kwspipe.device.feed import feed_audio
from kwspipe.device.link import Link
from kwspipe.device.messages import ImageId, Source
from kwspipe.device.ports import open_port
from kwspipe.device.push import PushCallbacks, PushReport, push
from support.small_model import golden_of, small_image

OLD, NEW = small_image(1), small_image(2)
NOISE = np.random.default_rng(3).normal(0, 3000, 48000).astype(np.int16)
Start = Callable[..., EmulatedBoard]


def push_to(
    board: EmulatedBoard,
    image: bytes,
    callbacks: PushCallbacks | None = None,
    connect: Callable[[str], Link] = open_link,
) -> PushReport:
    memory_bytes = ImageRequirements.of(image).memory_bytes
    return push(
        lambda: connect(board.port),
        image,
        memory_bytes,
        golden_of(image),
        callbacks or PushCallbacks(),
        lambda _: None,
    )


@pytest.fixture
def flash_file(tmp_path: Path) -> Path:
    return tmp_path / "flash.bin"


@pytest.fixture
def start(brd2601_firmware: Path, flash_file: Path) -> Iterator[Start]:
    boards: list[EmulatedBoard] = []

    def start_one(baud: int = 0, **settings: object) -> EmulatedBoard:
        board = EmulatedBoard(brd2601_firmware, flash_file, baud=baud, **settings)  # type: ignore[arg-type]
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
    with open_link(board.port) as link:
        image_id = link.status().active
    return next((image for image in (OLD, NEW) if image_id == ImageId.of(image)), None)


def test_hello_returns_the_identity_of_the_board(start: Start, brd2601_firmware: Path) -> None:
    with open_link(start().port) as link:
        hello = link.hello()
    assert (hello.board, hello.cycles_name) == ("brd2601", "instructions")
    assert hello.firmware == (brd2601_firmware.parent / "version.txt").read_text().strip()
    assert hello.max_image_bytes >= 330 * 1024


def test_an_image_remains_after_power_off_and_no_word_is_programmed_twice(start: Start) -> None:
    board = start()
    assert active(board) is None
    report = push_to(board, NEW)
    assert (report.was_active, report.num_resumes, report.num_vectors) == (False, 0, 2)
    assert flash_counts(board)["overprogrammed_words"] == 0
    board.restart()
    assert active(board) == NEW
    assert push_to(board, NEW).was_active


class PoweredPort:
    """Port that fails immediately after a power loss of its board, so that the test does not wait for a timeout."""

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
            raise serial.SerialException("power loss")
        self._port.timeout = min(self._port.timeout or 0.05, 0.05)
        return bytes(self._port.read(size))

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)


def test_the_instruction_counts_of_a_profile_are_reproducible(start: Start) -> None:
    board = start()
    push_to(board, NEW)
    with open_link(board.port) as link:
        profiles = [link.profile() for _ in range(2)]
    assert profiles[0] == profiles[1]
    assert len(profiles[0].operators) == 1
    # One dense layer with 4 x 2891 weights: less than four instructions per weight.
    assert 5_000 < profiles[0].operators[0] <= profiles[0].inference < 50_000


def test_a_push_resumes_after_a_power_loss_in_any_flash_operation(start: Start, flash_file: Path) -> None:
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
        report = push_to(
            board, NEW, PushCallbacks(on_resume=resume),
            lambda port: Link(PoweredPort(board), port),  # type: ignore[arg-type]
        )  # fmt: skip
        assert active(board) == NEW
        assert report.num_resumes == len(found_after_cuts) - (cut - 1)
        if report.num_resumes == 0:
            break  # the push has fewer operations
    assert len(found_after_cuts) > 20
    assert set(found_after_cuts) <= {OLD, NEW}, "the board had no model after a power loss"
    assert OLD in found_after_cuts
    assert flash_counts(board)["overprogrammed_words"] == 0


def test_a_push_resumes_after_repeated_kills_of_the_board(start: Start) -> None:
    board = start()
    push_to(board, OLD)
    kills = iter([0.2, 0.5, 0.8])
    next_kill = [next(kills) * len(NEW)]

    def kill(done: int, _total: int) -> None:
        if done >= next_kill[0]:
            next_kill[0] = next(kills, 2.0) * len(NEW)
            board.restart()

    report = push_to(board, NEW, PushCallbacks(on_sent=kill))
    assert report.num_resumes >= 3
    assert report.resumed_from > 0
    assert active(board) == NEW


def test_at_115200_baud_the_line_determines_the_duration(start: Start) -> None:
    report = push_to(start(baud=115200), NEW)
    ideal_s = report.sent_bytes * 10 / 115200
    assert ideal_s < report.push_s < 1.6 * ideal_s + 0.5


def test_fed_audio_gives_the_detections_of_the_core(start: Start) -> None:
    board = start()
    push_to(board, NEW)
    expected = Spotter(NEW).feed(NOISE)
    assert len(expected) >= 2
    with open_link(board.port) as link:
        link.hello()
        report = feed_audio(link, NOISE, 16000, None, Console(quiet=True))
    assert [(e.label, e.score, e.time_ms) for e in report.events] == [
        (d.label, d.score, d.time_ms) for d in expected
    ]


def test_audio_from_the_microphone_gives_the_detections_of_the_core(start: Start, tmp_path: Path) -> None:
    board = start()
    push_to(board, NEW)
    board.close()
    soundfile.write(tmp_path / "noise.wav", NOISE, 16000)
    # Detections before the end of the recording. After it the microphone provides silence.
    expected = [d for d in Spotter(NEW).feed(NOISE) if d.time_ms < 2900]
    board = start(wav=tmp_path / "noise.wav")
    board.wait_for("recording_end")
    with open_link(board.port) as link:
        assert link.status().source is Source.MICROPHONE
        link.num_events = 0  # includes the detections before the port was opened
        with link.collect_events() as found:
            deadline_s = time.monotonic() + 10
            while len(found) < len(expected) and time.monotonic() < deadline_s:
                link.fetch_events()
    received = [(e.label, e.score, e.time_ms) for e in found][: len(expected)]
    assert received == [(d.label, d.score, d.time_ms) for d in expected]
    assert len(received) >= 2
    assert {"event": "light", "colour": "red", "on": True} in board.events
