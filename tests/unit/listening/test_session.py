"""Listening: what is heard, when it ends, what is kept; from recordings and from a microphone that is none."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.core.spotter import Inference, Spotter
from kwspipe.errors import KwspipeError
from kwspipe.listening.dump import Dump
from kwspipe.listening.session import HeardDetection, Limits, Report, listen
from kwspipe.listening.sources import Sound, find_recordings, from_input, from_recordings
from support.small_model import small_image

RATE_HZ = 16000
NOISE = (np.random.default_rng(3).normal(0, 0.1, 3 * RATE_HZ) * 32767).astype(np.int16)
NEVER = Limits(lambda: False)


class FakeMicrophone:
    """Samples in the place of a microphone."""

    name = "fake"

    def __init__(self, samples: Pcm, rate_hz: int = RATE_HZ) -> None:
        self.rate_hz = rate_hz
        self._samples = samples

    def read(self, num_samples: int) -> Pcm:
        block, self._samples = self._samples[:num_samples], self._samples[num_samples:]
        return block


class Notes:
    """A view that remembers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.detections: list[HeardDetection] = []
        self.num_scores = self.num_samples = 0

    def say(self, line: str) -> None: ...

    def begin(self, name: str) -> None:
        self.names.append(name)

    def level(self, block: Pcm) -> None:
        self.num_samples += len(block)

    def scores(self, inference: Inference) -> None:
        self.num_scores += 1

    def heard(self, detection: HeardDetection) -> None:
        self.detections.append(detection)


@pytest.fixture
def spotter() -> Spotter:
    return Spotter(small_image(7))


def hear(
    spotter: Spotter, *sounds: Sound, limits: Limits = NEVER, dump: Dump | None = None
) -> tuple[Report, Notes]:
    notes = Notes()
    return listen(spotter, RATE_HZ, sounds, notes, dump, limits), notes


def test_a_microphone_is_heard_as_the_spotter_alone_would(spotter: Spotter) -> None:
    report, notes = hear(spotter, from_input(FakeMicrophone(NOISE), RATE_HZ))
    expected = Spotter(small_image(7)).infer(NOISE)
    found = [(heard.label, heard.score, heard.time_s) for heard in report.detections]
    fired = [one.detection for one in expected if one.detection]
    assert found == [(d.label, d.score, d.time_ms / 1000) for d in fired] and len(found) >= 2
    assert (notes.num_scores, notes.num_samples, notes.names) == (len(expected), len(NOISE), ["fake"])
    assert notes.detections == report.detections
    assert (report.audio_s, report.num_sounds, report.interrupted) == (pytest.approx(3.0), 1, False)
    assert report.num_inferences == len(expected)


def test_a_microphone_of_another_rate_is_resampled(spotter: Spotter) -> None:
    sound = from_input(FakeMicrophone(np.repeat(NOISE, 3), 48000), RATE_HZ)
    total = sum(len(block) for block in sound.blocks)
    assert abs(total - len(NOISE)) <= 16


def test_each_sound_begins_afresh(spotter: Spotter, tmp_path: Path) -> None:
    for name in ("b.wav", "a.flac"):
        soundfile.write(tmp_path / name, NOISE, RATE_HZ)
    report, notes = hear(spotter, *from_recordings(str(tmp_path), RATE_HZ, pytest.fail))
    assert notes.names == ["a.flac", "b.wav"]
    half = len(report.detections) // 2
    once, again = report.detections[:half], report.detections[half:]
    assert once and [dataclasses.replace(heard, source="b.wav") for heard in once] == again


def test_ctrl_c_ends_it_with_what_was_heard(spotter: Spotter) -> None:
    asked = iter([False] * 40 + [True])
    report, notes = hear(
        spotter, from_input(FakeMicrophone(NOISE), RATE_HZ), limits=Limits(lambda: next(asked))
    )
    assert report.interrupted and report.audio_s == pytest.approx(41 * 0.05)
    assert notes.num_samples == 41 * 800


def test_time_limits_and_pace(spotter: Spotter) -> None:
    waited: list[float] = []
    limits = Limits(lambda: False, duration_s=1.0, realtime=True, sleep=waited.append)
    report, _ = hear(spotter, from_input(FakeMicrophone(NOISE), RATE_HZ), limits=limits)
    assert report.audio_s == pytest.approx(1.0) and not report.interrupted
    assert len(waited) == 20 and 0 < waited[0] <= 0.05 and waited[-1] > 0.5  # nothing slept: it falls behind


def test_sound_of_detections_is_kept(spotter: Spotter, tmp_path: Path) -> None:
    dump = Dump(tmp_path / "kept", RATE_HZ, 1400)
    sounds = [from_input(FakeMicrophone(NOISE), RATE_HZ) for _ in range(2)]
    report, _ = hear(spotter, *sounds, dump=dump)
    files = [heard.file for heard in report.detections]
    assert len(set(files)) == len(files) and None not in files
    for heard in report.detections:
        assert heard.file is not None and heard.file.startswith(f"{heard.label}/fake_nohash_")
        samples, rate_hz = soundfile.read(tmp_path / "kept" / heard.file, dtype="int16")
        end = round(heard.time_s * RATE_HZ)
        assert rate_hz == RATE_HZ
        np.testing.assert_array_equal(samples, NOISE[max(0, end - 22400) : end])


def test_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    dump = Dump(tmp_path / "kept", RATE_HZ, 1000)
    assert dump.write("../../out", "../x/y.wav", NOISE) == "out/y_nohash_0.wav"
    assert dump.write("...", "  ", NOISE) == "unnamed/unnamed_nohash_0.wav"
    assert dump.write("_noise", "_a.wav", NOISE) == "noise/a_nohash_0.wav"
    assert dump.write("été", "a b.wav", NOISE) == "été/a-b_nohash_0.wav"
    (tmp_path / "file").write_text("")
    with pytest.raises(KwspipeError, match=r"listen.dump_dir: .*file/kept cannot be made: Not a directory"):
        Dump(tmp_path / "file" / "kept", RATE_HZ, 1000)


def test_recordings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        list(from_recordings(str(tmp_path / "bad.wav"), RATE_HZ, pytest.fail))
    soundfile.write(tmp_path / "good.wav", NOISE, RATE_HZ)
    skipped: list[AudioError] = []
    assert [sound.name for sound in from_recordings(str(tmp_path), RATE_HZ, skipped.append)] == ["good.wav"]
    assert len(skipped) == 1


def test_a_source_without_recordings_says_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match=r"a folder without recordings.*leave it out to listen to the mic"):
        find_recordings(str(tmp_path))
    with pytest.raises(KwspipeError, match="neither a file nor a folder"):
        find_recordings(str(tmp_path / "none"))


def test_a_sound_of_nothing(spotter: Spotter) -> None:
    def empty() -> Iterator[Pcm]:
        yield from ()

    report, _ = hear(spotter, Sound("empty", empty()))
    assert (report.audio_s, report.detections, report.num_sounds) == (0.0, [], 1)
