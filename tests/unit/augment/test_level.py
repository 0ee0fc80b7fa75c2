"""Levels, noise at a ratio, overload."""

import numpy as np
import pytest

from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.level import AddBackgroundNoise, AddGaussianSNR, Gain, Overload, PolarityInversion
from kwspipe.augment.random import CounterRng, clip_keys

LENGTH = 19200
NOISE = [np.random.default_rng(5).integers(-2000, 2000, 48000).astype(np.int16)]
WORD = slice(6000, 12000)


def words(num_clips: int = 3) -> ClipBatch:
    """A word in each clip and a hundredth of its level around it, as recordings have it."""
    samples = np.tile(np.sin(np.arange(LENGTH) / 5).astype(np.float32) * 0.002, (num_clips, 1))
    samples[:, WORD] *= 100
    starts, ends = np.full(num_clips, WORD.start), np.full(num_clips, WORD.stop)
    return ClipBatch(samples, starts, ends, 16000)


def apply(transform: object, clips: ClipBatch, seed: int = 0) -> np.ndarray:
    before = clips.samples.copy()
    rows = np.arange(len(before))
    transform.apply(clips, rows, CounterRng(clip_keys(seed, rows)))  # type: ignore[attr-defined]
    return before


def db(ratio: float) -> float:
    return float(10 * np.log10(ratio))


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 10.0, 20.0])
def test_noise_is_mixed_in_at_the_ratio_of_the_word_to_the_noise(snr_db: float) -> None:
    for transform in (AddBackgroundNoise(NOISE, snr_db, snr_db), AddGaussianSNR(snr_db, snr_db)):
        clips = words()
        before = apply(transform, clips)
        for after, signal in zip(clips.samples, before, strict=True):
            assert db(np.mean(signal[WORD] ** 2) / np.mean((after - signal) ** 2)) == pytest.approx(
                snr_db, abs=0.01
            )


def test_ratios_are_drawn_from_the_whole_range_and_cuts_from_the_whole_recording() -> None:
    clips = words(400)
    before = apply(AddBackgroundNoise(NOISE, 0.0, 20.0), clips)
    noises = clips.samples - before
    ratios = [db(np.mean(before[0, WORD] ** 2) / np.mean(noise**2)) for noise in noises]
    assert min(ratios) < 0.5 and max(ratios) > 19.5
    firsts = noises[:, 0] / np.sqrt(np.mean(noises**2, axis=1))
    assert len(np.unique(firsts.round(4))) > 300


def test_noise_shorter_than_the_clip_is_repeated_and_none_at_all_changes_nothing() -> None:
    clips = words(1)
    before = apply(AddBackgroundNoise([NOISE[0][:100]]), clips)
    added = (clips.samples - before)[0]
    assert np.allclose(added[:100], added[100:200], atol=1e-6) and added.any()
    clips = words(1)
    before = apply(AddBackgroundNoise([]), clips)
    assert np.array_equal(clips.samples, before)


def test_digital_zero_has_no_ratio_and_stays_as_clip_and_as_noise() -> None:
    clips = words(1)
    clips.samples[:] = 0
    apply(AddBackgroundNoise(NOISE), clips)
    assert not clips.samples.any()
    clips = words(1)
    before = apply(AddBackgroundNoise([np.zeros(48000, np.int16)]), clips)
    assert np.array_equal(clips.samples, before)


def test_gain_is_drawn_in_db() -> None:
    clips = words(500)
    before = apply(Gain(-12.0, 6.0), clips)
    gains_db = [20 * np.log10(a[7000] / b[7000]) for a, b in zip(clips.samples, before, strict=True)]
    assert -12 <= min(gains_db) < -11.5 and 5.5 < max(gains_db) <= 6
    assert np.mean(gains_db) == pytest.approx(-3, abs=0.7)


def test_polarity_is_turned() -> None:
    clips = words(2)
    before = apply(PolarityInversion(), clips)
    assert np.array_equal(clips.samples, -before)


def test_overload_cuts_peaks_off_at_a_level_below_them() -> None:
    clips = words(1)
    before = apply(Overload(6.0, 6.0), clips)
    limit = np.abs(before).max() / 10 ** (6 / 20)
    assert np.abs(clips.samples).max() == pytest.approx(limit, rel=1e-5)
    below = np.abs(before) < limit
    assert np.array_equal(clips.samples[below], before[below])
