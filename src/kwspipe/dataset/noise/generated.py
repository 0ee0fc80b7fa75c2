"""Background noise without recordings: of five colours, clicks, and the babble of many voices."""

from dataclasses import dataclass

import numpy as np

from kwspipe.audio.pcm import Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.dataset.tts.espeak import Utterance, synthesize

# Power falls with frequency to the power of this.
COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
# Hiss, besides the colours that synthetic data has for its background.
ALL_COLOURS = {**COLOURS, "blue": -1.0, "violet": -2.0}
BABBLE = "babble"
LOWEST_HZ = 20.0
MAX_CLICKS_A_S = 4
# The time in which a click falls to 1/e: crackle, and the knock on a table.
SHORTEST_CLICK_S, LONGEST_CLICK_S = 0.0002, 0.02
QUIETEST_CLICK_DB = -40.0


@dataclass(frozen=True)
class GeneratedNoise:
    """One recording of noise.

    Attributes:
        kind: a colour, or ``babble``.
        duration_s: its length.
        level_db: its mean power, below full scale.
        seed: what its samples are drawn with.
        voices: of babble, what each voice says over and over.
    """

    kind: str
    duration_s: float
    level_db: float
    seed: int
    voices: tuple[Utterance, ...] = ()


def render(noise: GeneratedNoise, sample_rate_hz: int) -> Pcm:
    """Computes the noise, (samples,) int16; the same one gives the same samples."""
    rng = np.random.default_rng(noise.seed)
    num_samples = round(noise.duration_s * sample_rate_hz)
    if noise.kind == BABBLE:
        samples = _babble(noise.voices, num_samples, sample_rate_hz, rng)
    else:
        samples = _coloured(ALL_COLOURS[noise.kind], num_samples, sample_rate_hz, rng)
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    scale = 10 ** (noise.level_db / 20) / np.sqrt(power) if power > 0 else 0.0
    return pcm_from_float(samples * np.float32(scale))


def click_noise(num_samples: int, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    """Returns switches, knocks and crackle: a few short bursts of noise or of a tone, each dying away; else silence."""
    samples = np.zeros(num_samples, np.float32)
    for _ in range(rng.integers(1, MAX_CLICKS_A_S * max(1, num_samples // sample_rate_hz) + 1)):
        decay_s = 10 ** rng.uniform(np.log10(SHORTEST_CLICK_S), np.log10(LONGEST_CLICK_S))
        time_s = np.arange(int(5 * decay_s * sample_rate_hz) + 1) / sample_rate_hz
        frequency_hz = 10 ** rng.uniform(2.0, np.log10(sample_rate_hz / 2))
        tone = np.sin(2 * np.pi * frequency_hz * time_s + rng.uniform(0, np.pi))
        burst = tone if rng.random() < 0.5 else rng.standard_normal(time_s.size)
        level_db = rng.uniform(QUIETEST_CLICK_DB, 0.0)
        burst *= np.exp(-time_s / decay_s) * 10 ** (level_db / 20) / np.abs(burst).max(initial=1e-9)
        start = int(rng.integers(num_samples))
        end = min(num_samples, start + burst.size)
        samples[start:end] += burst[: end - start].astype(np.float32)
    return samples


def _coloured(exponent: float, num_samples: int, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    """Shapes the spectrum of white noise; below 20 Hz, which no microphone hears, it is level."""
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    frequency_hz = np.maximum(np.fft.rfftfreq(num_samples, 1 / sample_rate_hz), LOWEST_HZ)
    shaped = np.fft.irfft(spectrum * frequency_hz ** (-exponent / 2), num_samples)
    return shaped.astype(np.float32)


def _babble(
    voices: tuple[Utterance, ...], num_samples: int, sample_rate_hz: int, rng: np.random.Generator
) -> Samples:
    """Mixes voices, each at its own distance, each beginning somewhere in what it says."""
    mixed = np.zeros(num_samples, np.float32)
    for voice in voices:
        spoken = float_from_pcm(synthesize(voice, sample_rate_hz))
        if spoken.size:
            start = int(rng.integers(spoken.size))
            gain = np.float32(10 ** (-rng.uniform(0, 10) / 20))
            mixed += gain * np.resize(np.roll(spoken, -start), num_samples)
    return mixed
