"""Generated background noise: coloured noise, clicks, and babble of synthetic voices."""

from dataclasses import dataclass

import numpy as np

from kwspipe.audio.pcm import Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.dataset.tts.espeak import Utterance, synthesize

# Power density of each colour is proportional to 1 / frequency^exponent.
COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
# Blue and violet noise are used for silence clips, but not as background of synthetic data.
ALL_COLOURS = {**COLOURS, "blue": -1.0, "violet": -2.0}
BABBLE = "babble"
LOWEST_HZ = 20.0
MAX_CLICKS_PER_S = 4
# Time constants of clicks: crackle has the shortest, a knock on a table the longest.
SHORTEST_CLICK_S, LONGEST_CLICK_S = 0.0002, 0.02
QUIETEST_CLICK_DB = -40.0


@dataclass(frozen=True)
class GeneratedNoise:
    """Parameters of one generated noise recording.

    Attributes:
        kind: a colour, or ``babble``.
        duration_s: duration.
        level_db: mean power relative to full scale, in dB.
        seed: seed of the samples.
        voices: for babble, the utterance that each voice repeats.
    """

    kind: str
    duration_s: float
    level_db: float
    seed: int
    voices: tuple[Utterance, ...] = ()


def render(noise: GeneratedNoise, sample_rate_hz: int) -> Pcm:
    """Returns the samples of the noise, (samples,) int16. Equal parameters give equal samples."""
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
    """Returns clicks, (num_samples,) float32: short bursts of noise or of a tone that decay exponentially."""
    samples = np.zeros(num_samples, np.float32)
    for _ in range(rng.integers(1, MAX_CLICKS_PER_S * max(1, num_samples // sample_rate_hz) + 1)):
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
    """Returns white noise with a shaped spectrum, which is flat below 20 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    frequency_hz = np.maximum(np.fft.rfftfreq(num_samples, 1 / sample_rate_hz), LOWEST_HZ)
    shaped = np.fft.irfft(spectrum * frequency_hz ** (-exponent / 2), num_samples)
    return shaped.astype(np.float32)


def _babble(
    voices: tuple[Utterance, ...], num_samples: int, sample_rate_hz: int, rng: np.random.Generator
) -> Samples:
    """Returns a mix of voices, each with a random level and a random start within its utterance."""
    mixed = np.zeros(num_samples, np.float32)
    for voice in voices:
        spoken = float_from_pcm(synthesize(voice, sample_rate_hz))
        if spoken.size:
            start = int(rng.integers(spoken.size))
            gain = np.float32(10 ** (-rng.uniform(0, 10) / 20))
            mixed += gain * np.resize(np.roll(spoken, -start), num_samples)
    return mixed
