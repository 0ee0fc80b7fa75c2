"""Firmware of the release on the emulated board, with the vendor's model and recorded speech."""

import time

import numpy as np
import pytest
import soundfile
from rich.console import Console

from kwspipe.audio.pcm import read_pcm
from kwspipe.compiler.compile import compile_model
from kwspipe.core.detector import pack_settings
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.model_runner import CoreModel
from kwspipe.core.spotter import Spotter
from kwspipe.device.boards import open_link
from kwspipe.device.feed import feed_audio
from kwspipe.device.golden import GoldenVectors
from kwspipe.device.messages import Target
from kwspipe.device.push import PushCallbacks, push
from kwspipe.exchange.detector_overrides import override_detector
from kwspipe.tflite.metadata import read_parameters
from kwspipe.tflite.model_settings import class_labels, detector_settings, frontend_settings
from support.default_settings import DETECTOR
from support.speech import recordings
from support.vendor_models import tflite_of

ARCHIVE = "keyword_spotting_mobilenetv2"
WORDS = ("stop", "go", "up")
RATE_HZ = 16000


@pytest.fixture(scope="module")
def tflite(shared_dir) -> bytes:
    return tflite_of(ARCHIVE, shared_dir)


@pytest.fixture(scope="module")
def image(tflite) -> bytes:
    parameters = read_parameters(tflite)
    labels = class_labels(parameters)
    tables = FrontEnd(frontend_settings(parameters)).tables
    detector = pack_settings(detector_settings(parameters), labels)
    return compile_model(tflite, labels, tables, detector, ARCHIVE)[0]


@pytest.fixture(scope="module")
def sensitive_image(image) -> bytes:
    """Returns the image with a low threshold, which has an effect only without the vendor's rule."""
    changes = {"detection_threshold": 40, "compare_keywords_only": True}
    return override_detector(image, DETECTOR, changes)[0]


@pytest.fixture(scope="module")
def speech(shared_dir) -> np.ndarray:
    """Returns one recording per word, with pauses."""
    pieces = [np.zeros(RATE_HZ, np.int16)]
    for word in WORDS:
        path = recordings(shared_dir / "data" / "speech" / word)[3]
        pieces += [read_pcm(path, RATE_HZ), np.zeros(RATE_HZ // 2, np.int16)]
    return np.concatenate(pieces)


def test_fed_words_give_the_detections_of_the_core(
    brd2601_firmware, image, sensitive_image, speech, tmp_path
):
    from kwspipe.device.emulator import EmulatedBoard

    vendors, image = Spotter(image).feed(speech), sensitive_image
    expected = Spotter(image).feed(speech)
    assert len(expected) >= len(WORDS) and expected != vendors
    inputs = np.random.default_rng(1).integers(-128, 128, (2, 59 * 49)).astype(np.int8)
    golden = GoldenVectors(inputs, CoreModel(image).run(inputs))
    with EmulatedBoard(brd2601_firmware, tmp_path / "flash.bin", baud=0) as board:
        memory_bytes = ImageRequirements.of(image).memory_bytes
        report = push(lambda: open_link(board.port), image, memory_bytes, golden, PushCallbacks())
        assert (report.num_vectors, report.num_resumes) == (2, 0)
        board.restart()
        with open_link(board.port) as link:
            link.hello()
            fed = feed_audio(link, speech, RATE_HZ, None, Console(quiet=True))
            assert [(e.label, e.label_index, e.score, e.time_ms) for e in fed.events] == [
                (d.label, d.index, d.score, d.time_ms) for d in expected
            ]
            assert link.test(Target.ACTIVE, inputs[0].tobytes()) == golden.outputs[0].tobytes()
            profile = link.profile()
    assert 1_000_000 < sum(profile.operators) <= profile.inference


def test_words_from_the_microphone_give_the_detections_of_the_core(
    brd2601_firmware, tflite, image, speech, tmp_path
):
    from kwspipe.device.emulator import EmulatedBoard

    flash_file, wav = tmp_path / "flash.bin", tmp_path / "words.wav"
    soundfile.write(wav, speech, RATE_HZ)
    gain = max(1, detector_settings(read_parameters(tflite)).volume_gain)  # applies to the microphone only
    expected = Spotter(image).feed(np.clip(speech.astype(np.int32) * gain, -32768, 32767).astype(np.int16))
    assert len(expected) >= len(WORDS)
    inputs = np.zeros((1, 59 * 49), np.int8)
    golden = GoldenVectors(inputs, CoreModel(image).run(inputs))
    with EmulatedBoard(brd2601_firmware, flash_file, baud=0) as board:
        push(
            lambda: open_link(board.port),
            image,
            ImageRequirements.of(image).memory_bytes,
            golden,
            PushCallbacks(),
        )
    with EmulatedBoard(brd2601_firmware, flash_file, baud=0, wav=wav) as board:
        board.wait_for("recording_end", timeout_s=60)
        with open_link(board.port) as link, link.collect_events() as found:
            link.num_events = 0  # includes the detections before the port was opened
            deadline_s = time.monotonic() + 20
            while len(found) < len(expected) and time.monotonic() < deadline_s:
                link.fetch_events()
        for colour in ("green", "red"):  # activity and keyword
            assert {"event": "light", "colour": colour, "on": True} in board.events
    assert [(e.label, e.score, e.time_ms) for e in found] == [(d.label, d.score, d.time_ms) for d in expected]
