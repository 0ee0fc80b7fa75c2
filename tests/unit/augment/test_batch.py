"""Position of the word in the clip, and changes of speed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.augment.batch import ClipBatch, crop_or_pad_around_word, cut_clips
from kwspipe.augment.random import CounterRng, clip_keys

LENGTH = 19200
RATE_HZ = 16000


def word_in(samples: int, start: int, end: int) -> np.ndarray:
    clip = np.zeros(samples, np.int16)
    clip[start:end] = 1000
    return clip


def cut_one(
    recording: np.ndarray, word: tuple[int, int], placement: str, seed: int = 0, speed: float = 1.0
) -> ClipBatch:
    rng = CounterRng(clip_keys(seed))
    return cut_clips([recording], [word], LENGTH, RATE_HZ, placement, rng, np.array([speed]))  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1, 40000),
    bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    placement=st.sampled_from(["random", "center"]),
    seed=st.integers(0, 2**31),
)
def test_a_word_that_fits_is_inside_the_clip(
    samples: int, bounds: tuple[float, float], placement: str, seed: int
) -> None:
    start, end = sorted(int(bound * (samples - 1)) for bound in bounds)
    end += 1
    recording = word_in(samples, start, end)
    placed = crop_or_pad_around_word(recording, (start, end), LENGTH, placement, np.random.default_rng(seed))  # type: ignore[arg-type]
    assert placed.shape == (LENGTH,) and placed.dtype == np.int16
    assert np.count_nonzero(placed) == min(end - start, LENGTH)
    batch = cut_one(recording, (start, end), placement, seed)
    (nonzero,) = np.nonzero(batch.samples[0])
    assert (nonzero[0], nonzero[-1] + 1) == (batch.starts[0], batch.ends[0])
    assert len(nonzero) == min(end - start, LENGTH)


def test_the_centre_placement_keeps_the_audio_around_the_word() -> None:
    clip = np.arange(1, 16001).astype(np.int16)
    placed = crop_or_pad_around_word(clip, (4000, 8000), LENGTH, "center", np.random.default_rng(0))
    assert placed[7600] == clip[4000] and placed[11599] == clip[7999]
    assert placed[7599] == clip[3999] and placed[3599] == 0
    assert np.array_equal(cut_one(clip, (4000, 8000), "center").samples[0] * 32768, placed)


def test_random_positions_include_both_ends() -> None:
    seeds = np.arange(2000)
    batch = cut_clips(
        [word_in(100, 0, 100)] * 2000,
        [(0, 100)] * 2000,
        200,
        RATE_HZ,
        "random",
        CounterRng(clip_keys(seeds)),
        np.ones(2000),
    )
    assert batch.starts.min() == 0 and batch.starts.max() == 100
    assert abs(batch.starts.mean() - 50) < 3


@pytest.mark.parametrize("speed", [0.8, 0.9, 1.1, 1.25])
def test_a_higher_speed_gives_a_shorter_word_of_higher_pitch(speed: float) -> None:
    recording = np.zeros(40000, np.int16)
    recording[12000:22000] = 8000 * np.sin(2 * np.pi * 500 / RATE_HZ * np.arange(10000))
    batch = cut_one(recording, (12000, 22000), "random", 4, speed)
    word = batch.samples[0, batch.starts[0] : batch.ends[0]]
    assert len(word) == pytest.approx(10000 / speed, rel=0.02)
    pitch_hz = np.abs(np.fft.rfft(word)).argmax() * RATE_HZ / len(word)
    assert pitch_hz == pytest.approx(500 * 10000 / len(word), rel=0.01)
    # The level does not change. The audio beside the word is the ringing of its abrupt ends.
    assert np.sqrt(np.mean(word**2)) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.02)
    beside = np.delete(batch.samples[0], slice(batch.starts[0] - 200, batch.ends[0] + 200))
    assert np.abs(beside).max() < 0.01


def test_a_higher_speed_resamples_the_recording() -> None:
    times = np.arange(40000) / RATE_HZ
    recording = (8000 * np.sin(2 * np.pi * 300 * times) * np.exp(-(((times - 1.2) / 0.2) ** 2))).astype(
        np.int16
    )
    batch = cut_one(recording, (15000, 24000), "center", speed=1.25)
    positions = 19500 + (np.arange(LENGTH) - LENGTH / 2) * 1.25  # the word is in the centre of the clip
    expected = np.interp(positions, np.arange(40000), recording) / 32768
    assert (
        np.abs(batch.samples[0] - expected).max()
        < 0.02 * np.abs(expected).max() + 300 * 2 * np.pi / RATE_HZ * 0.25
    )


def test_a_recording_that_fills_the_clip_does_not_become_too_short() -> None:
    noise = np.random.default_rng(0).integers(-1000, 1000, LENGTH).astype(np.int16)
    faster = cut_one(noise, (0, LENGTH), "random", speed=1.2)
    assert np.array_equal(faster.samples[0] * 32768, noise)
    slower = cut_one(noise, (0, LENGTH), "random", speed=0.8)
    assert (slower.starts[0], slower.ends[0]) == (0, LENGTH)
    assert np.abs(slower.samples[0, -200:]).max() > 0.005
