"""Detection loop on recordings and a fake microphone: detections, end conditions and stored audio."""

import dataclasses
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.core.spotter import Inference, Spotter
from kwspipe.errors import KwspipeError
from kwspipe.listening.detection_recorder import DetectionRecorder
from kwspipe.listening.session import DetectionRecord, Limits, Report, listen, stop_on_signal
from kwspipe.listening.sources import Sound, find_recordings, from_input, from_recordings
from support.small_model import small_image

RATE_HZ = 16000
NOISE = (np.random.default_rng(3).normal(0, 0.1, 3 * RATE_HZ) * 32767).astype(np.int16)
UNLIMITED = Limits(lambda: False)


class FakeMicrophone:
    """Audio input that returns given samples."""

    name = "fake"

    def __init__(self, samples: Pcm, rate_hz: int = RATE_HZ) -> None:
        self.rate_hz = rate_hz
        self._samples = samples

    def read(self, num_samples: int) -> Pcm:
        block, self._samples = self._samples[:num_samples], self._samples[num_samples:]
        return block


class RecordingView:
    """View that records its calls."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.detections: list[DetectionRecord] = []
        self.num_scores = self.num_samples = 0

    def show_message(self, line: str) -> None: ...

    def begin_source(self, name: str) -> None:
        self.names.append(name)

    def show_level(self, block: Pcm) -> None:
        self.num_samples += len(block)

    def show_scores(self, inference: Inference) -> None:
        self.num_scores += 1

    def show_detection(self, detection: DetectionRecord) -> None:
        self.detections.append(detection)


@pytest.fixture
def spotter() -> Spotter:
    return Spotter(small_image(7))


def detect(
    spotter: Spotter, *sounds: Sound, limits: Limits = UNLIMITED, recorder: DetectionRecorder | None = None
) -> tuple[Report, RecordingView]:
    view = RecordingView()
    return listen(spotter, RATE_HZ, sounds, view, recorder, limits), view


def test_detections_of_a_microphone_equal_those_of_the_spotter(spotter: Spotter) -> None:
    report, view = detect(spotter, from_input(FakeMicrophone(NOISE), RATE_HZ))
    expected = Spotter(small_image(7)).infer(NOISE)
    found = [(record.label, record.score, record.time_s) for record in report.detections]
    detections = [inference.detection for inference in expected if inference.detection]
    assert found == [(d.label, d.score, d.time_ms / 1000) for d in detections] and len(found) >= 2
    assert (view.num_scores, view.num_samples, view.names) == (len(expected), len(NOISE), ["fake"])
    assert view.detections == report.detections
    assert (report.audio_s, report.num_sounds, report.interrupted) == (pytest.approx(3.0), 1, False)
    assert report.num_inferences == len(expected)


def test_a_microphone_of_another_rate_is_resampled(spotter: Spotter) -> None:
    sound = from_input(FakeMicrophone(np.repeat(NOISE, 3), 48000), RATE_HZ)
    total = sum(len(block) for block in sound.blocks)
    assert abs(total - len(NOISE)) <= 16


def test_the_spotter_is_reset_before_each_source(spotter: Spotter, tmp_path: Path) -> None:
    for name in ("b.wav", "a.flac"):
        soundfile.write(tmp_path / name, NOISE, RATE_HZ)
    report, view = detect(spotter, *from_recordings(str(tmp_path), RATE_HZ, pytest.fail))
    assert view.names == ["a.flac", "b.wav"]
    half = len(report.detections) // 2
    first, second = report.detections[:half], report.detections[half:]
    assert first and [dataclasses.replace(record, source="b.wav") for record in first] == second


def test_ctrl_c_ends_the_session_with_its_detections(spotter: Spotter) -> None:
    stopped = iter([False] * 40 + [True])
    report, view = detect(
        spotter, from_input(FakeMicrophone(NOISE), RATE_HZ), limits=Limits(lambda: next(stopped))
    )
    assert report.interrupted and report.audio_s == pytest.approx(41 * 0.05)
    assert view.num_samples == 41 * 800


def test_duration_limit_and_real_time(spotter: Spotter) -> None:
    waited: list[float] = []
    limits = Limits(lambda: False, duration_s=1.0, realtime=True, sleep=waited.append)
    report, _ = detect(spotter, from_input(FakeMicrophone(NOISE), RATE_HZ), limits=limits)
    assert report.audio_s == pytest.approx(1.0) and not report.interrupted
    assert (
        len(waited) == 20 and 0 < waited[0] <= 0.05 and waited[-1] > 0.5
    )  # increases because the fake does not wait


def test_the_audio_of_detections_is_stored(spotter: Spotter, tmp_path: Path) -> None:
    recorder = DetectionRecorder(tmp_path / "kept", RATE_HZ, 1400)
    sounds = [from_input(FakeMicrophone(NOISE), RATE_HZ) for _ in range(2)]
    report, _ = detect(spotter, *sounds, recorder=recorder)
    files = [record.file for record in report.detections]
    assert len(set(files)) == len(files) and None not in files
    for record in report.detections:
        assert record.file is not None and record.file.startswith(f"{record.label}/fake_nohash_")
        samples, rate_hz = soundfile.read(tmp_path / "kept" / record.file, dtype="int16")
        end = round(record.time_s * RATE_HZ)
        assert rate_hz == RATE_HZ
        np.testing.assert_array_equal(samples, NOISE[max(0, end - 22400) : end])


def test_hostile_names_give_files_in_the_folder(tmp_path: Path) -> None:
    recorder = DetectionRecorder(tmp_path / "kept", RATE_HZ, 1000)
    assert recorder.write("../../out", "../x/y.wav", NOISE) == "out/y_nohash_0.wav"
    assert recorder.write("...", "  ", NOISE) == "unnamed/unnamed_nohash_0.wav"
    assert recorder.write("_noise", "_a.wav", NOISE) == "noise/a_nohash_0.wav"
    assert recorder.write("été", "a b.wav", NOISE) == "été/a-b_nohash_0.wav"
    (tmp_path / "file").write_text("")
    with pytest.raises(KwspipeError, match=r"listen.dump_dir: .*file/kept cannot be made: Not a directory"):
        DetectionRecorder(tmp_path / "file" / "kept", RATE_HZ, 1000)


def test_unreadable_recordings_are_skipped_in_folders_only(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        list(from_recordings(str(tmp_path / "bad.wav"), RATE_HZ, pytest.fail))
    soundfile.write(tmp_path / "good.wav", NOISE, RATE_HZ)
    skipped: list[AudioError] = []
    assert [sound.name for sound in from_recordings(str(tmp_path), RATE_HZ, skipped.append)] == ["good.wav"]
    assert len(skipped) == 1


def test_a_source_without_recordings_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match=r"a folder without recordings.*leave it out to use the mic"):
        find_recordings(str(tmp_path))
    with pytest.raises(KwspipeError, match="neither a file nor a folder"):
        find_recordings(str(tmp_path / "none"))


def test_an_empty_source(spotter: Spotter) -> None:
    def empty() -> Iterator[Pcm]:
        yield from ()

    report, _ = detect(spotter, Sound("empty", empty()))
    assert (report.audio_s, report.detections, report.num_sounds) == (0.0, [], 1)


def test_the_signal_handler_is_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signal(signal.SIGINT) as stopped:
        assert not stopped()
        signal.raise_signal(signal.SIGINT)
        assert stopped()
    assert signal.getsignal(signal.SIGINT) is before
