"""Changes of tempo without pitch, and of pitch without tempo."""

import numpy as np
import pytest

from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.random import CounterRng, clip_keys
from kwspipe.augment.stretch import PitchShift, TimeStretch, stretch

LENGTH, RATE_HZ = 19200, 16000
WORD = slice(5000, 14000)


def voices(*pitches_hz: float) -> ClipBatch:
    """Returns voices with twelve harmonics and a Hann envelope over the word."""
    times_s = np.arange(LENGTH) / RATE_HZ
    samples = np.zeros((len(pitches_hz), LENGTH), np.float32)
    for row, pitch_hz in zip(samples, pitches_hz, strict=True):
        sound = sum(np.sin(2 * np.pi * pitch_hz * h * times_s + h) / h for h in range(1, 13))
        row[WORD] = (0.1 * sound)[WORD] * np.hanning(WORD.stop - WORD.start)
    starts, ends = np.full(len(samples), WORD.start), np.full(len(samples), WORD.stop)
    return ClipBatch(samples, starts, ends, RATE_HZ)


def pitch_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples, 1 << 18))
    return float(spectrum.argmax() * RATE_HZ / (1 << 18))


def envelope(samples: np.ndarray) -> np.ndarray:
    return np.sqrt(np.convolve(samples**2, np.ones(800) / 800, "same"))


def apply(transform: TimeStretch | PitchShift, clips: ClipBatch) -> ClipBatch:
    rows = np.arange(len(clips.samples))
    transform.apply(clips, rows, CounterRng(clip_keys(rows)))
    return clips


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_stretching_does_not_change_pitch_and_level(factor: float) -> None:
    samples = voices(110.0, 210.0).samples
    stretched = stretch(samples, np.full(2, factor), RATE_HZ)
    assert stretched.shape == (2, int(LENGTH * factor))
    for before, after, hz in zip(samples, stretched, (110.0, 210.0), strict=True):
        assert pitch_hz(after) == pytest.approx(hz, rel=0.01)
        resampled = np.interp(np.arange(LENGTH), np.arange(len(after)) / factor, envelope(after))
        assert np.corrcoef(resampled, envelope(before))[0, 1] > 0.995
        assert resampled.max() == pytest.approx(envelope(before).max(), rel=0.1)


def test_a_factor_of_one_changes_nothing_and_factors_are_per_clip() -> None:
    noise = (
        np.random.default_rng(0).normal(0, 0.1, (2, LENGTH)).astype(np.float32)
    )  # has no similar positions
    assert np.allclose(stretch(noise, np.ones(2), RATE_HZ), noise, atol=1e-5)
    samples = voices(110.0, 210.0).samples
    both = stretch(samples, np.array([0.8, 1.25]), RATE_HZ)
    alone = stretch(samples[:1], np.array([0.8]), RATE_HZ)[0]
    assert np.allclose(both[0, : len(alone)], alone, atol=1e-5)


@pytest.mark.parametrize("semitones", [-3.0, 2.0, 4.0])
def test_a_pitch_shift_does_not_change_the_tempo(semitones: float) -> None:
    before = voices(120.0, 200.0).samples
    after = apply(PitchShift(semitones, semitones), voices(120.0, 200.0)).samples
    assert after.shape == before.shape
    for row, hz in enumerate((120.0, 200.0)):
        assert pitch_hz(after[row]) == pytest.approx(hz * 2 ** (semitones / 12), rel=0.015)
        assert np.corrcoef(envelope(after[row]), envelope(before[row]))[0, 1] > 0.99


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_a_stretched_word_is_inside_the_clip(rate: float) -> None:
    clips = voices(150.0)
    apply(TimeStretch(rate, rate), clips)
    start, end = int(clips.starts[0]), int(clips.ends[0])
    assert end - start == pytest.approx(9000 / rate, abs=2)
    assert abs((start + end) / 2 - (WORD.start + WORD.stop) / 2) < 3
    loud = np.flatnonzero(np.abs(clips.samples[0]) > 0.02)
    assert start <= loud[0] and loud[-1] < end and loud[-1] - loud[0] > 0.6 * (end - start)


def test_a_longer_word_at_the_end_is_moved_into_the_clip() -> None:
    clips = voices(150.0)
    clips.samples = np.roll(clips.samples, LENGTH - WORD.stop, axis=1)
    clips.starts[:], clips.ends[:] = LENGTH - 9000, LENGTH
    apply(TimeStretch(0.8, 0.8), clips)
    assert clips.ends[0] == LENGTH and clips.starts[0] == pytest.approx(LENGTH - 11250, abs=2)
    assert np.flatnonzero(np.abs(clips.samples[0]) > 0.02)[-1] > LENGTH - 3000


def test_silence_does_not_change() -> None:
    for transform in (TimeStretch(0.8, 1.25), PitchShift(-3.0, 3.0)):
        clips = voices(150.0)
        clips.samples[:] = 0
        assert not apply(transform, clips).samples.any()
