"""Gain, polarity, overload, and noise at a signal-to-noise ratio."""

import numpy as np
import pytest

from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.level import AddBackgroundNoise, AddGaussianSNR, Gain, Overload, PolarityInversion
from kwspipe.augment.random import CounterRng, clip_keys

LENGTH = 19200
NOISE = [np.random.default_rng(5).integers(-2000, 2000, 48000).astype(np.int16)]
WORD = slice(6000, 12000)


def words(num_clips: int = 3) -> ClipBatch:
    """Returns clips with a word and, around it, audio of a hundredth of its level."""
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
def test_noise_is_added_at_the_ratio_to_the_word(snr_db: float) -> None:
    for transform in (AddBackgroundNoise(NOISE, snr_db, snr_db), AddGaussianSNR(snr_db, snr_db)):
        clips = words()
        before = apply(transform, clips)
        for after, signal in zip(clips.samples, before, strict=True):
            assert db(np.mean(signal[WORD] ** 2) / np.mean((after - signal) ** 2)) == pytest.approx(
                snr_db, abs=0.01
            )


def test_ratios_and_noise_positions_cover_their_ranges() -> None:
    clips = words(400)
    before = apply(AddBackgroundNoise(NOISE, 0.0, 20.0), clips)
    noises = clips.samples - before
    ratios = [db(np.mean(before[0, WORD] ** 2) / np.mean(noise**2)) for noise in noises]
    assert min(ratios) < 0.5 and max(ratios) > 19.5
    firsts = noises[:, 0] / np.sqrt(np.mean(noises**2, axis=1))
    assert len(np.unique(firsts.round(4))) > 300


def test_short_noise_is_repeated_and_without_noise_nothing_changes() -> None:
    clips = words(1)
    before = apply(AddBackgroundNoise([NOISE[0][:100]]), clips)
    added = (clips.samples - before)[0]
    assert np.allclose(added[:100], added[100:200], atol=1e-6) and added.any()
    clips = words(1)
    before = apply(AddBackgroundNoise([]), clips)
    assert np.array_equal(clips.samples, before)


def test_digital_zero_as_clip_or_noise_changes_nothing() -> None:
    clips = words(1)
    clips.samples[:] = 0
    apply(AddBackgroundNoise(NOISE), clips)
    assert not clips.samples.any()
    clips = words(1)
    before = apply(AddBackgroundNoise([np.zeros(48000, np.int16)]), clips)
    assert np.array_equal(clips.samples, before)


def test_gains_are_uniform_in_db() -> None:
    clips = words(500)
    before = apply(Gain(-12.0, 6.0), clips)
    gains_db = [20 * np.log10(a[7000] / b[7000]) for a, b in zip(clips.samples, before, strict=True)]
    assert -12 <= min(gains_db) < -11.5 and 5.5 < max(gains_db) <= 6
    assert np.mean(gains_db) == pytest.approx(-3, abs=0.7)


def test_polarity_inversion() -> None:
    clips = words(2)
    before = apply(PolarityInversion(), clips)
    assert np.array_equal(clips.samples, -before)


def test_overload_limits_peaks_to_a_lower_level() -> None:
    clips = words(1)
    before = apply(Overload(6.0, 6.0), clips)
    limit = np.abs(before).max() / 10 ** (6 / 20)
    assert np.abs(clips.samples).max() == pytest.approx(limit, rel=1e-5)
    below = np.abs(before) < limit
    assert np.array_equal(clips.samples[below], before[below])
