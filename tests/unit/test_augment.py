"""Placement, the transforms YAML may name, and seeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.augment import Augmenter, BackgroundNoise, check, place
from kwspipe.config import AugmentConfig
from kwspipe.errors import ConfigError

LENGTH = 19200
NOISE = [np.random.default_rng(5).integers(-2000, 2000, 48000).astype(np.int16)]


def word_in(samples: int, start: int, end: int) -> np.ndarray:
    clip = np.zeros(samples, np.int16)
    clip[start:end] = 1000
    return clip


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1, 40000),
    bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    placement=st.sampled_from(["random", "center"]),
    seed=st.integers(0, 2**32),
)
def test_the_word_lies_whole_inside_where_it_fits(
    samples: int, bounds: tuple[float, float], placement: str, seed: int
) -> None:
    start, end = sorted(int(bound * (samples - 1)) for bound in bounds)
    end += 1
    placed = place(word_in(samples, start, end), (start, end), LENGTH, placement, np.random.default_rng(seed))  # type: ignore[arg-type]
    assert placed.shape == (LENGTH,) and placed.dtype == np.int16
    assert np.count_nonzero(placed) == min(end - start, LENGTH)


def test_the_centre_is_the_centre_and_what_lies_around_comes_along() -> None:
    clip = np.arange(1, 16001).astype(np.int16)
    placed = place(clip, (4000, 8000), LENGTH, "center", np.random.default_rng(0))
    assert placed[7600] == clip[4000] and placed[11599] == clip[7999]
    assert placed[7599] == clip[3999] and placed[3599] == 0


def test_random_places_reach_both_ends() -> None:
    places = {
        int(
            np.flatnonzero(place(word_in(100, 0, 100), (0, 100), 200, "random", np.random.default_rng(seed)))[
                0
            ]
        )
        for seed in range(2000)
    }
    assert min(places) == 0 and max(places) == 100


def test_noise_is_mixed_in_at_the_ratio_asked_for() -> None:
    signal = np.sin(np.arange(LENGTH) / 5).astype(np.float32) * 0.2
    for snr_db in (0.0, 10.0, 20.0):
        mixed = BackgroundNoise(NOISE, p=1.0, min_snr_db=snr_db, max_snr_db=snr_db)(signal, 16000)
        measured = 10 * np.log10(np.mean(signal**2) / np.mean((mixed - signal) ** 2))
        assert measured == pytest.approx(snr_db, abs=0.01)


def test_padding_does_not_count_as_signal() -> None:
    signal = np.zeros(LENGTH, np.float32)
    signal[:4800] = np.sin(np.arange(4800) / 5) * 0.2
    mixed = BackgroundNoise(NOISE, p=1.0, min_snr_db=10.0, max_snr_db=10.0)(signal, 16000)
    power = np.mean(signal[signal != 0] ** 2)
    assert 10 * np.log10(power / np.mean((mixed - signal) ** 2)) == pytest.approx(10, abs=0.01)


def test_noise_shorter_than_the_clip_is_repeated_and_none_at_all_changes_nothing() -> None:
    signal = np.full(LENGTH, 0.1, np.float32)
    short = BackgroundNoise([NOISE[0][:100]], p=1.0)(signal, 16000)
    assert np.all(short[100:200] != signal[100:200])
    assert BackgroundNoise([], p=1.0)(signal, 16000) is signal
    silence = np.zeros(LENGTH, np.float32)
    assert not BackgroundNoise(NOISE, p=1.0)(silence, 16000).any()


def config(*transforms: dict) -> AugmentConfig:
    return AugmentConfig(placement="random", transforms=transforms)


FULL = config(
    {"name": "Gain", "p": 1.0, "min_gain_db": -12.0, "max_gain_db": 6.0},
    {"name": "PitchShift", "p": 0.5, "min_semitones": -1.5, "max_semitones": 1.5},
    {"name": "AddBackgroundNoise", "p": 1.0, "min_snr_db": 5.0, "max_snr_db": 20.0},
)


def test_the_same_seed_gives_the_same_clip_and_another_seed_another() -> None:
    recording = np.random.default_rng(1).integers(-8000, 8000, 16000).astype(np.int16)
    clips = [
        Augmenter(FULL, NOISE, LENGTH, 16000).clip(recording, (4000, 12000), seed)
        for seed in ((7, 0, 3), (7, 0, 3), (7, 1, 3))
    ]
    assert np.array_equal(clips[0], clips[1]) and not np.array_equal(clips[0], clips[2])
    again = Augmenter(FULL, NOISE, LENGTH, 16000)
    again.clip(recording, (0, 100), (9, 9, 9))
    assert np.array_equal(again.clip(recording, (4000, 12000), (7, 0, 3)), clips[0])


def test_a_loud_mix_is_clipped_and_does_not_wrap() -> None:
    loud = np.full(LENGTH, 30000, np.int16)
    gain = config({"name": "Gain", "p": 1.0, "min_gain_db": 12.0, "max_gain_db": 12.0})
    assert np.all(Augmenter(gain, (), LENGTH, 16000).clip(loud, (0, LENGTH), (1,)) == 32767)


def test_faulty_transforms_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        check(
            [
                {"name": "Gian", "p": 0.5},
                {"name": "Gain", "min_gain": 3},
                {"name": "AddBackgroundNoise", "min_snr_db": 9.0, "max_snr_db": 3.0},
                {"name": "PitchShift", "min_semitones": -99.0},
                {"name": "Gain", "p": 0.5},
            ]
        )
    text = str(caught.value)
    assert "has 4 problem(s)" in text
    assert (
        "augment.transforms.0, Gian: unknown transform. Closest: Gain. Allowed: AddBackgroundNoise," in text
    )
    assert "augment.transforms.1, Gain: no parameter 'min_gain'. Closest: min_gain_db." in text
    assert "augment.transforms.2, AddBackgroundNoise: min_snr_db 9.0 is above max_snr_db 3.0" in text
    assert "augment.transforms.3, PitchShift: min_semitones must be >= -24" in text
