"""Filters: microphones, lower sample rates, and several filters in one Fourier transform."""

import numpy as np
import pytest

from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.filters import Filter, LowerSampleRate, MicrophoneColour, filter_clips
from kwspipe.augment.random import CounterRng, clip_keys

LENGTH = 4000
RATE_HZ = 16000
ROWS = np.arange(4)


class Delay:
    """A filter with a simple result."""

    num_taps = 100

    def responses(self, num_fft: int, rate_hz: int, rng: CounterRng) -> np.ndarray:
        phase = np.exp(-2j * np.pi * 100 * np.fft.rfftfreq(num_fft)).astype(np.complex64)
        return np.tile(phase, (len(rng.keys), 1))


def noise() -> ClipBatch:
    samples = np.random.default_rng(1).normal(0, 0.1, (4, LENGTH)).astype(np.float32)
    return ClipBatch(samples, np.zeros(4, np.int64), np.full(4, LENGTH), RATE_HZ)


def filtered(*filters: tuple[Filter, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    clips = noise()
    filter_clips(
        clips,
        [
            (filter_, rows, CounterRng(clip_keys(3, rows), index))
            for index, (filter_, rows) in enumerate(filters)
        ],
    )
    return noise().samples, clips.samples


def spectrum_db(samples: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.abs(np.fft.rfft(samples)) + 1e-9)


def test_delayed_samples_do_not_wrap_around_to_the_start() -> None:
    before, after = filtered((Delay(), ROWS))
    assert np.allclose(after[:, 100:], before[:, :-100], atol=1e-5)
    assert np.abs(after[:, :100]).max() < 1e-5


def test_several_filters_are_applied_to_their_rows_in_sequence() -> None:
    before, after = filtered((Delay(), np.array([0, 1])), (Delay(), np.array([1, 2])))
    assert np.allclose(after[0, 100:], before[0, :-100], atol=1e-5)
    assert np.allclose(after[1, 200:], before[1, :-200], atol=1e-5)
    assert np.allclose(after[2, 100:], before[2, :-100], atol=1e-5)
    assert np.array_equal(after[3], before[3])


def test_without_rows_nothing_changes() -> None:
    before, after = filtered((Delay(), ROWS[:0]))
    assert np.array_equal(before, after)


def test_microphone_responses_are_smooth_limited_and_different_for_each_clip() -> None:
    colour = MicrophoneColour(max_gain_db=9.0, num_knots=8)
    curves = 20 * np.log10(colour.responses(8192, RATE_HZ, CounterRng(clip_keys(np.arange(200)))))
    assert curves.shape == (200, 4097)
    assert np.abs(curves).max() <= 9.001 and np.abs(curves).max() > 8.5
    octave = slice(512, 1024)  # 1 to 2 kHz, an octave between two knots
    assert np.abs(np.diff(curves[:, octave], axis=1)).max() < 0.1
    assert np.std(curves[:, 512]) == pytest.approx(9 / np.sqrt(3), rel=0.15)
    assert np.ptp(curves, axis=1).min() > 1


def test_a_microphone_response_changes_the_spectrum() -> None:
    before, after = filtered((MicrophoneColour(6.0), ROWS))
    change = spectrum_db(after) - spectrum_db(before)
    assert np.all(np.abs(np.median(change[:, 300:320], axis=1)) < 6.5)
    assert np.abs(change).max() > 1


def test_a_lower_sample_rate_removes_frequencies_above_its_half() -> None:
    before, after = filtered((LowerSampleRate(8000.0, 8000.0), ROWS))
    bins_hz = np.fft.rfftfreq(LENGTH, 1 / RATE_HZ)
    change = spectrum_db(after) - spectrum_db(before)
    assert np.median(change[:, bins_hz > 4050]) < -35
    assert np.abs(np.median(change[:, (bins_hz > 100) & (bins_hz < 3300)])) < 0.1
