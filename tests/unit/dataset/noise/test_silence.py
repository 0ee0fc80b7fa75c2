"""Hard negatives of silence: colours, clicks and levels, from the noise of one split."""

import numpy as np
import pytest

from kwspipe.audio.pcm import float_from_pcm
from kwspipe.dataset.noise import silence
from kwspipe.dataset.store.clip_store import Segment

RATE_HZ = 16000
LENGTH = 19200
STORE = np.random.default_rng(5).integers(-3000, 3000, 200_000).astype(np.int16)
SEGMENTS = [
    Segment("rain.wav", "training", 1000, 60_000),
    Segment("short.wav", "training", 90_000, 5_000),
]


def read(offset: int, length: int) -> np.ndarray:
    return STORE[offset : offset + length]


def make_clips(kind: str, count: int) -> list[tuple[np.ndarray, str]]:
    noise = silence.SegmentSampler(read, SEGMENTS)
    clips = [
        silence.make_silence(kind, LENGTH, RATE_HZ, noise, np.random.default_rng(n)) for n in range(count)
    ]  # type: ignore[arg-type]
    assert all((c.pcm.size, c.trim_start, c.trim_end) == (2 * LENGTH, LENGTH, LENGTH) for c, _ in clips)
    return [(clip.pcm, path) for clip, path in clips]


def level_db(pcm: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(float_from_pcm(pcm) ** 2) + 1e-12))


def test_colours_have_the_level_in_their_path():
    clips = make_clips("colour", 40)
    assert {path.split()[0] for _, path in clips} == {"white", "pink", "brown", "blue", "violet"}
    for pcm, path in clips:
        stated_db = float(path.split()[1])
        assert silence.QUIETEST_DB <= stated_db <= silence.LOUDEST_DB
        if stated_db > -60:  # at lower levels, rounding to int16 changes the level
            assert level_db(pcm) == pytest.approx(stated_db, abs=0.5)
    levels = [float(path.split()[1]) for _, path in clips]
    assert min(levels) < -60 and max(levels) > -30


def test_clicks_are_short_with_digital_zero_or_soft_noise():
    clips = make_clips("click", 60)
    over_zero = [pcm for pcm, path in clips if path == "clicks"]
    assert 15 < len(over_zero) < 45
    for pcm in over_zero:
        assert np.count_nonzero(pcm) < pcm.size * 0.8
    assert np.mean([np.count_nonzero(pcm) / pcm.size for pcm in over_zero]) < 0.25
    peaks_db = [20 * np.log10(np.abs(float_from_pcm(pcm)).max() + 1e-9) for pcm, _ in clips]
    assert min(peaks_db) < -20 and max(peaks_db) > -6
    assert all(level_db(pcm) < -10 for pcm, _ in clips)


def test_levels_are_scaled_recorded_noise():
    for pcm, path in make_clips("level", 30):
        name, gain_db = path.split(" ", 1)
        gain = 10 ** (float(gain_db.removesuffix(" dB")) / 20)
        segment = next(segment for segment in SEGMENTS if name.startswith(segment.path))
        start = int(name.rpartition("@")[2])
        recorded = np.resize(read(segment.offset + start, min(2 * LENGTH, segment.length)), 2 * LENGTH)
        assert np.abs(pcm - np.clip(recorded * gain, -32768, 32767)).max() <= 1 + 0.01 * gain * 3000


def test_noise_is_cut_within_its_segment():
    cuts = silence.SegmentSampler(read, SEGMENTS)
    for seed in range(60):
        pcm, path = cuts.cut(LENGTH, np.random.default_rng(seed))
        assert pcm.size == LENGTH
        name, _, start = path.rpartition("@")
        segment = next(segment for segment in SEGMENTS if segment.path == name)
        assert 0 <= int(start) <= max(0, segment.length - LENGTH)
    assert not silence.SegmentSampler(read, [])


def test_the_seed_decides():
    for kind in ("colour", "click", "level"):
        (first, path), (again, path_again) = make_clips(kind, 1)[0], make_clips(kind, 1)[0]
        assert np.array_equal(first, again) and path == path_again
