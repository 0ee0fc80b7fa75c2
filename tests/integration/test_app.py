"""Application of the firmware: microphone, LEDs, gain, and hosts that stop sending requests."""

import random

import numpy as np
import pytest

from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.spotter import Spotter
from kwspipe.device.frames import FrameReader
from kwspipe.device.link import Link
from kwspipe.device.messages import Event, FeedKind, ImageId, Source, Target, Verb
from kwspipe.device.push import PushCallbacks, push
from support.app_board import ACTIVITY, KEYWORD, AppBoard, build_library
from support.board_model import LoopbackPort, VirtualTime
from support.small_model import golden_of, small_image

IMAGE = small_image(2)
NOISE = np.random.default_rng(1).normal(0, 3000, 64000).astype(np.int16)
QUIET = np.random.default_rng(4).normal(0, 20, 64000).astype(np.int16)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("app"))


@pytest.fixture
def board(library) -> AppBoard:
    return AppBoard(library)


def connect(board: AppBoard) -> Link:
    return Link(LoopbackPort(board, VirtualTime()), "app")


def install(board: AppBoard, image: bytes = IMAGE) -> None:
    push(
        lambda: connect(board),
        image,
        ImageRequirements.of(image).memory_bytes,
        golden_of(image),
        PushCallbacks(),
    )


def events(board: AppBoard) -> list[Event]:
    frames = FrameReader().feed(bytes(board.sent))
    board.sent.clear()
    return [Event.unpack(frame.payload) for frame in frames if frame.verb == Verb.EVENT]


def record(board: AppBoard, audio: np.ndarray, duration_ms: float) -> list[Event]:
    """Starts the board with the audio at its microphone, and returns the detections."""
    board.start()
    board.sent.clear()
    board.audio = audio.copy()
    board.run(duration_ms)
    return events(board)


def test_the_audio_of_the_microphone_is_processed(board):
    assert board.rate_hz == 0  # without a model the microphone is off
    install(board)
    assert board.rate_hz == 16000
    found = record(board, NOISE, 4100)
    expected = Spotter(IMAGE).feed(NOISE)
    assert len(expected) >= 3
    assert [(e.label, e.label_index, e.score, e.time_ms) for e in found] == [
        (d.label, d.index, d.score, d.time_ms) for d in expected
    ]
    assert board.num_lost == 0
    assert connect(board).status().source is Source.MICROPHONE


def test_the_red_led_is_on_for_a_moment_after_a_detection(board):
    install(board)
    states = []
    board.on_round = lambda: states.append((board.now_ms, board.lights[KEYWORD]))
    start_ms = board.now_ms
    found = record(board, NOISE[:24000], 3000)
    assert len(found) == 1
    times_on_ms = [now_ms - start_ms for now_ms, on in states if on]
    assert found[0].time_ms <= times_on_ms[0] <= found[0].time_ms + 40
    assert 680 <= times_on_ms[-1] - times_on_ms[0] <= 760


def test_the_green_led_shows_activity(board):
    install(board)
    record(board, QUIET, 500)
    assert not board.lights[ACTIVITY]
    record(board, NOISE[:8000], 400)
    assert board.lights[ACTIVITY]
    board.run(400)
    assert not board.lights[ACTIVITY]


def test_the_gain_of_the_model_is_applied_and_saturates(board):
    image = small_image(2, volume_gain=30)
    install(board, image)
    loud = NOISE.astype(np.int32) * 30
    expected = Spotter(image).feed(loud.clip(-32768, 32767).astype(np.int16))
    assert [(e.score, e.time_ms) for e in record(board, NOISE, 4100)] == [
        (d.score, d.time_ms) for d in expected
    ]


def test_the_old_model_runs_during_a_push(board):
    install(board)
    link = connect(board)
    new = small_image(5)
    link.begin(ImageId.of(new))
    link.send_image(new[:8000], 0, lambda done: None)
    assert link.status().source is Source.MICROPHONE
    board.sent.clear()
    board.audio = NOISE.copy()
    board.run(3000)
    assert events(board)


@pytest.mark.parametrize("last_request", ["feed", "test"])
def test_without_requests_from_the_host_the_board_resumes_spotting(board, last_request):
    install(board)
    link = connect(board)
    if last_request == "feed":
        link.start_feed(FeedKind.AUDIO)
        assert link.status().source is Source.FEED
    else:
        link.test(Target.ACTIVE, bytes(59 * 49))
        assert link.status().source is Source.NONE
    assert board.rate_hz == 0
    board.run(4900)
    assert board.rate_hz == 0
    board.run(300)
    assert board.rate_hz == 16000
    assert link.status().source is Source.MICROPHONE


def test_a_model_that_is_too_slow_runs_less_often_and_loses_few_samples(board):
    image = small_image(2, num_layers=20)
    install(board, image)
    board.round_ms = 8.0  # one layer per iteration: an inference takes 160 ms, and one is due every 100 ms
    board.start()
    board.audio = np.tile(NOISE, 4)
    before = connect(board).status().num_inferences
    board.run(4000)
    lost_first = board.num_lost
    board.run(8000)
    assert board.num_lost == lost_first < 16000 // 5
    inferences = connect(board).status().num_inferences - before
    assert 12000 / 260 < inferences < 12000 / 155


def test_a_reset_occurs_after_its_response(board):
    link = connect(board)
    link.reset()
    assert board.num_resets >= 1


def test_noise_on_the_line_does_not_disturb_spotting(board):
    install(board)
    board.start()
    board.sent.clear()
    board.audio = NOISE.copy()
    board.round_ms = 2.0  # bytes arrive continuously, so that the board is never idle
    noise = random.Random(1)
    board.on_round = lambda: board.received.extend(noise.randbytes(20))
    board.run(4100)
    assert len(events(board)) == len(Spotter(IMAGE).feed(NOISE))
    assert connect(board).status().num_bad_frames > 100
