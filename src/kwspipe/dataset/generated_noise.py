"""Background noise without recordings: white, pink, brown, and the babble of many voices."""

from dataclasses import dataclass

import numpy as np

from kwspipe.audio import Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.dataset.espeak import Utterance, synthesize

# Power falls with frequency to the power of this.
COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
BABBLE = "babble"
LOWEST_HZ = 20.0


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
        samples = _coloured(COLOURS[noise.kind], num_samples, sample_rate_hz, rng)
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    scale = 10 ** (noise.level_db / 20) / np.sqrt(power) if power > 0 else 0.0
    return pcm_from_float(samples * np.float32(scale))


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
