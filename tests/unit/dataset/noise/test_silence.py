"""Silence beside plain noise: colours, clicks, soft and loud, of one split's noise only."""

import numpy as np
import pytest

from kwspipe.audio.pcm import float_from_pcm
from kwspipe.dataset.noise import silence
from kwspipe.dataset.noise.background import NoisePiece

RATE_HZ = 16000
LENGTH = 19200
STORE = np.random.default_rng(5).integers(-3000, 3000, 200_000).astype(np.int16)
PIECES = [
    NoisePiece("rain.wav", "training", 1000, 60_000),
    NoisePiece("short.wav", "training", 90_000, 5_000),
]


def read(offset: int, length: int) -> np.ndarray:
    return STORE[offset : offset + length]


def made(kind: str, count: int) -> list[tuple[np.ndarray, str]]:
    noise = silence.NoiseSampler(read, PIECES)
    clips = [
        silence.make_silence(kind, LENGTH, RATE_HZ, noise, np.random.default_rng(n)) for n in range(count)
    ]  # type: ignore[arg-type]
    assert all((c.pcm.size, c.trim_start, c.trim_end) == (2 * LENGTH, LENGTH, LENGTH) for c, _ in clips)
    return [(clip.pcm, path) for clip, path in clips]


def level_db(pcm: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(float_from_pcm(pcm) ** 2) + 1e-12))


def test_colours_have_the_level_they_are_said_to_have():
    clips = made("colour", 40)
    assert {path.split()[0] for _, path in clips} == {"white", "pink", "brown", "blue", "violet"}
    for pcm, path in clips:
        told_db = float(path.split()[1])
        assert silence.QUIETEST_DB <= told_db <= silence.LOUDEST_DB
        if told_db > -60:  # below that, int16 is coarse
            assert level_db(pcm) == pytest.approx(told_db, abs=0.5)
    levels = [float(path.split()[1]) for _, path in clips]
    assert min(levels) < -60 and max(levels) > -30


def test_clicks_are_short_and_over_zero_or_a_faint_floor():
    clips = made("click", 60)
    over_zero = [pcm for pcm, path in clips if path == "clicks"]
    assert 15 < len(over_zero) < 45
    for pcm in over_zero:
        assert np.count_nonzero(pcm) < pcm.size * 0.8
    assert np.mean([np.count_nonzero(pcm) / pcm.size for pcm in over_zero]) < 0.25
    peaks_db = [20 * np.log10(np.abs(float_from_pcm(pcm)).max() + 1e-9) for pcm, _ in clips]
    assert min(peaks_db) < -20 and max(peaks_db) > -6
    assert all(level_db(pcm) < -10 for pcm, _ in clips)


def test_levels_are_recorded_noise_made_softer_or_louder():
    for pcm, path in made("level", 30):
        name, gain_db = path.split(" ", 1)
        gain = 10 ** (float(gain_db.removesuffix(" dB")) / 20)
        piece = next(piece for piece in PIECES if name.startswith(piece.path))
        start = int(name.rpartition("@")[2])
        recorded = np.resize(read(piece.offset + start, min(2 * LENGTH, piece.length)), 2 * LENGTH)
        assert np.abs(pcm - np.clip(recorded * gain, -32768, 32767)).max() <= 1 + 0.01 * gain * 3000


def test_noise_is_cut_within_its_piece():
    cuts = silence.NoiseSampler(read, PIECES)
    for seed in range(60):
        pcm, path = cuts.cut(LENGTH, np.random.default_rng(seed))
        assert pcm.size == LENGTH
        name, _, start = path.rpartition("@")
        piece = next(piece for piece in PIECES if piece.path == name)
        assert 0 <= int(start) <= max(0, piece.length - LENGTH)
    assert not silence.NoiseSampler(read, [])


def test_the_seed_decides():
    for kind in ("colour", "click", "level"):
        (first, path), (again, path_again) = made(kind, 1)[0], made(kind, 1)[0]
        assert np.array_equal(first, again) and path == path_again
