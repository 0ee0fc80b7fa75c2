"""Application of the firmware as a native process: pushes over a pseudo-terminal, kills, restarts, fed audio."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from kwspipe.core.frontend import FrontEnd
from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.spotter import Spotter
from kwspipe.core.status import Status
from kwspipe.device import boards, firmware
from kwspipe.device.boards import open_link
from kwspipe.device.errors import LinkLostError, RefusedError, WrongBoardError
from kwspipe.device.feed import feed_audio, feed_features, slowdown
from kwspipe.device.host import POWER_CUT, HostBoard
from kwspipe.device.messages import ImageId, Source, Target
from kwspipe.device.push import ImageRefusedError, PushCallbacks, push
from kwspipe.errors import KwspipeError
from support.paths import SCRIPTS
from support.small_model import golden_of, small_image

QUIET = Console(quiet=True)
OLD, NEW = small_image(1), small_image(2)
NOISE = np.random.default_rng(3).normal(0, 3000, 48000).astype(np.int16)


@pytest.fixture(scope="session")
def program() -> Path:
    if shutil.which("make") is None:
        pytest.skip("needs make to build the native board")
    return firmware.build("host").program


@pytest.fixture
def flash_file(tmp_path) -> Path:
    return tmp_path / "flash.bin"


@pytest.fixture
def board(program, flash_file):
    with HostBoard(program, flash_file) as started:
        yield started


def push_to(board: HostBoard, image: bytes, on_sent=lambda done, total: None, on_pause=lambda: None):
    callbacks = PushCallbacks(on_sent=on_sent)
    memory_bytes = ImageRequirements.of(image).memory_bytes
    return push(
        lambda: open_link(board.port), image, memory_bytes, golden_of(image), callbacks, lambda _: on_pause()
    )


def active(board: HostBoard) -> ImageId | None:
    with open_link(board.port) as link:
        return link.status().active


def test_hello_returns_the_identity_of_the_board(program, flash_file):
    with HostBoard(program, flash_file, version="1.2.3-test") as board, open_link(board.port) as link:
        hello = link.hello()
        assert (hello.board, hello.firmware, hello.cycles_name) == ("host", "1.2.3-test", "nanoseconds")
        assert hello.max_image_bytes == 504 * 1024
        assert link.status().source is Source.NONE
    with HostBoard(program, flash_file) as board, open_link(board.port) as link:
        assert link.hello().firmware == firmware.build("host").version


def test_an_image_remains_after_a_restart(board):
    assert active(board) is None
    report = push_to(board, OLD)
    assert (report.num_vectors, report.num_resumes, report.was_active) == (2, 0, False)
    board.close()
    board.start()
    assert active(board) == ImageId.of(OLD)
    assert push_to(board, OLD).was_active
    assert push_to(board, NEW).resumed_from == 0
    assert push_to(board, OLD).resumed_from == len(OLD)


@pytest.mark.parametrize("percent", [0, 20, 55, 99])
def test_a_push_resumes_after_a_kill_of_the_board(board, percent):
    push_to(board, OLD)
    kills = iter([board.close])

    def kill(done: int, total: int) -> None:
        if done * 100 >= percent * total:
            next(kills, lambda: None)()

    report = push_to(board, NEW, kill, board.start)
    assert report.num_resumes == 1
    # The data in flight at the time of the kill may have arrived too.
    assert report.resumed_from >= len(NEW) * percent // 100 // 8192 * 8192
    assert report.resumed_from % 8192 == 0 or report.resumed_from == len(NEW)
    assert active(board) == ImageId.of(NEW)


def test_after_a_power_cut_the_board_has_the_old_or_the_new_image(program, flash_file):
    with HostBoard(program, flash_file) as board:
        push_to(board, OLD)
    saved = flash_file.read_bytes()
    num_words = len(NEW) // 4
    # During the void word, the erase, the record, the data, the header and the confirm words.
    for cut in (
        0,
        1,
        5,
        17,
        18,
        1000,
        num_words,
        num_words + 20,
        num_words + 30,
        num_words + 37,
        num_words + 40,
    ):
        flash_file.write_bytes(saved)
        with HostBoard(program, flash_file, cut_at=cut) as board:
            with pytest.raises((LinkLostError, RefusedError, _StoppedError)):
                push_to(board, NEW, on_pause=_stop)
            assert board.wait() == POWER_CUT
        with HostBoard(program, flash_file) as board:
            assert active(board) in (ImageId.of(OLD), ImageId.of(NEW))
            push_to(board, NEW)
            assert active(board) == ImageId.of(NEW)


class _StoppedError(Exception):
    """Replaces the pause before the next attempt."""


def _stop() -> None:
    raise _StoppedError


def test_a_running_board_is_used_by_its_port(board, program, flash_file, tmp_path):
    with boards.open_board("host", board.port, QUIET) as attached, attached.connect() as link:
        assert link.hello().board == "host"
    with pytest.raises(
        WrongBoardError, match=r"the board at this port is 'host'.*Allowed: a brd2601.*board=host"
    ):
        boards.check_running_board(board.port, "brd2601", firmware.build("host"))
    with (
        HostBoard(program, tmp_path / "other.bin", version="0.0-old") as old,
        pytest.raises(WrongBoardError, match=r"runs firmware 0.0-old. Allowed: firmware 0.1.0-"),
        boards.open_board("host", old.port, QUIET),
    ):
        pass


def test_reset_keeps_the_line_and_the_flash(board):
    push_to(board, OLD)
    with open_link(board.port) as link:
        image_id = ImageId.of(NEW)
        link.send_image(NEW[:9000], link.begin(image_id), lambda done: None)
        link.reset()
        status = link.status()
        assert (status.active, status.incoming, status.num_inferences) == (ImageId.of(OLD), None, 0)
        assert link.begin(image_id) == 8192


def test_an_image_that_cannot_run_is_refused(board):
    push_to(board, OLD)
    damaged = bytearray(NEW)
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(ImageRefusedError, match="ERROR_CHECKSUM"):
        push(lambda: open_link(board.port), bytes(damaged), 1000, golden_of(NEW), PushCallbacks())
    assert active(board) == ImageId.of(OLD)
    with pytest.raises(KwspipeError, match=r"bytes that cannot be run .ERROR_CHECKSUM.*run quantize again"):
        ImageRequirements.of(bytes(damaged))


def test_fed_audio_gives_the_detections_of_the_core(board):
    push_to(board, NEW)
    expected = Spotter(NEW).feed(NOISE)
    assert len(expected) >= 2
    with open_link(board.port) as link:
        link.hello()
        for _ in range(2):  # each feed resets the detector
            report = feed_audio(link, NOISE, 16000, None, QUIET)
            assert [(e.label, e.label_index, e.score, e.time_ms) for e in report.events] == [
                (d.label, d.index, d.score, d.time_ms) for d in expected
            ]
        assert report.audio_s == 3.0
        assert link.status().source is Source.NONE
        assert link.status().num_events == 2 * len(expected)


def test_fed_features_give_the_detections_of_the_core(board, default_frontend):
    push_to(board, NEW)
    features = FrontEnd(default_frontend).stream().push(NOISE)
    expected = Spotter(NEW).feed_features(features)
    assert expected
    with open_link(board.port) as link:
        link.hello()
        report = feed_features(link, features, 0.02, QUIET)
    assert [(e.label, e.score, e.time_ms) for e in report.events] == [
        (d.label, d.score, d.time_ms) for d in expected
    ]


def test_a_transfer_slower_than_real_time_is_reported(board, capsys):
    assert slowdown(32000, 115200) == pytest.approx(2.89, abs=0.01)
    push_to(board, NEW)
    console = Console(width=200)
    with open_link(board.port) as link:
        link.hello()
        feed_audio(link, NOISE[:16000], 16000, 115200, console)
    assert (
        "Feeding 1.0 s of audio over a line of 115,200 baud takes 3 s: 2.9 times slower"
        in capsys.readouterr().out
    )


def test_profile_and_feed_need_a_model(board):
    with open_link(board.port) as link:
        for request in (link.profile, lambda: link.start_feed(0), lambda: link.test(Target.ACTIVE, b"x")):
            with pytest.raises(RefusedError) as caught:
                request()
            assert caught.value.status is Status.ERROR_STATE
    push_to(board, NEW)
    with open_link(board.port) as link:
        profile = link.profile()
        assert len(profile.operators) == 1
        assert 0 < profile.operators[0] <= profile.inference


def test_a_missing_program_and_a_wrong_flash_file_are_errors(program, flash_file, tmp_path):
    with pytest.raises(
        KwspipeError, match=r"the firmware of the board host is not built.*make firmware BOARD=host"
    ):
        HostBoard(tmp_path / "missing", flash_file).start()
    flash_file.write_bytes(b"short")
    with pytest.raises(
        KwspipeError, match=r"it does not start: .*5 bytes; a flash of this board has 1048576"
    ):
        HostBoard(program, flash_file).start()


def test_random_and_mutated_frames_cause_no_error(tmp_path):
    image = tmp_path / "small.kws"
    image.write_bytes(NEW)
    script = SCRIPTS / "fuzz_link.py"
    command = [sys.executable, str(script), "--count", "5000", "--image", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    reached = {name: int(count) for name, count in _pairs(done.stdout)}
    assert all(reached[name] > 0 for name in ("begin", "data", "end", "test", "confirm", "feed")), done.stdout


def _pairs(text: str):
    for part in text.split("accepted: ")[1].split(","):
        yield part.split()
