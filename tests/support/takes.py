"""Synthetic takes of words, and an audio input that plays them."""

from collections.abc import Iterable

import numpy as np

from kwspipe.audio.pcm import pcm_from_float
from kwspipe.config import RecordConfig

RATE_HZ = 16000
CONFIG = RecordConfig(
    speaker="ann", words=(), takes=2, take_s=2.0, pause_s=0.1, noise_s=1.0, device=None, max_retakes=2,
    min_peak_db=-30.0, min_snr_db=15.0, min_word_ms=120, max_word_ms=1000,
)  # fmt: skip


def room(duration_s: float, noise: float = 0.0005) -> np.ndarray:
    """Returns the noise of a quiet room, (samples,) int16."""
    rng = np.random.default_rng(3)
    return pcm_from_float(rng.normal(0, noise, round(duration_s * RATE_HZ)))


def take(start_s: float = 0.5, word_s: float = 0.4, peak: float = 0.5, noise: float = 0.0005) -> np.ndarray:
    """Returns two seconds of room noise with a tone in place of a word, (samples,) int16."""
    samples = room(2.0, noise) / 32768
    start, length = round(start_s * RATE_HZ), round(word_s * RATE_HZ)
    length = min(length, samples.size - start)
    samples[start : start + length] += peak * np.sin(2 * np.pi * 300 * np.arange(length) / RATE_HZ)
    return pcm_from_float(samples)


class PlayedInput:
    """An ``AudioInput`` that plays recordings one after another."""

    rate_hz = RATE_HZ
    name = "a fake microphone"

    def __init__(self, recordings: Iterable[np.ndarray]) -> None:
        self.samples = np.concatenate([np.zeros(0, np.int16), *recordings])
        self.position = 0

    def read(self, num_samples: int) -> np.ndarray:
        block = self.samples[self.position : self.position + num_samples]
        self.position += block.size
        return block
