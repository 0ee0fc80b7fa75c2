"""Transforms of the level and the waveform, with the names and parameters of audiomentations."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm, Samples
from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Floats, Indices

# Limits of parameters. Beyond them, nothing remains of a 16-bit clip.
MAX_GAIN_DB = 96.0
MAX_SNR_DB = 100.0
# Length of the Gaussian noise from which the noise of each clip is taken. New noise for each clip would take three
# times as long as the features of the clip.
GAUSSIAN_SAMPLES = 1 << 20


def amplitude(level_db: Floats) -> npt.NDArray[np.float32]:
    """Returns amplitude factors of levels in dB."""
    return (10 ** (level_db / 20)).astype(np.float32)


class Gain:
    """Changes the level of clips.

    Args:
        min_gain_db: lowest gain.
        max_gain_db: highest gain.
    """

    def __init__(self, min_gain_db: float = -12.0, max_gain_db: float = 12.0) -> None:
        self.gain_db = interval(
            {"min_gain_db": min_gain_db, "max_gain_db": max_gain_db}, -MAX_GAIN_DB, MAX_GAIN_DB
        )

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Scales the given rows."""
        clips.samples[rows] *= amplitude(rng.uniform(*self.gain_db))[:, None]


class PolarityInversion:
    """Inverts the polarity, as a microphone with swapped wires does."""

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Inverts the given rows."""
        clips.samples[rows] *= np.float32(-1)


class Overload:
    """Limits the peaks of a clip, as an overloaded microphone or amplifier does.

    Args:
        min_over_db: lowest level of the clip's peak relative to the limit.
        max_over_db: highest level.
    """

    def __init__(self, min_over_db: float = 0.0, max_over_db: float = 12.0) -> None:
        self.over_db = interval({"min_over_db": min_over_db, "max_over_db": max_over_db}, 0, MAX_GAIN_DB)

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Limits the given rows."""
        samples = clips.samples[rows]
        limits = np.abs(samples).max(axis=1) * amplitude(-rng.uniform(*self.over_db))
        clips.samples[rows] = np.clip(samples, -limits[:, None], limits[:, None])


class Noise:
    """Adds noise at a random signal-to-noise ratio.

    The power of the signal is measured over the word, without the pauses. The power of the noise is measured over the
    clip. If one of them is digital zero, the clip does not change.

    Args:
        min_snr_db: lowest ratio of the mean powers.
        max_snr_db: highest ratio.
    """

    def __init__(self, min_snr_db: float, max_snr_db: float) -> None:
        self.snr_db = interval({"min_snr_db": min_snr_db, "max_snr_db": max_snr_db}, -MAX_SNR_DB, MAX_SNR_DB)

    def mix(self, clips: ClipBatch, rows: Indices, rng: CounterRng, noises: Sequence[Samples | Pcm]) -> None:
        """Adds to each of the rows its noise, (samples,) of any scale."""
        ratios = amplitude(-rng.uniform(*self.snr_db))
        for row, ratio, source in zip(rows, ratios, noises, strict=True):
            noise = source.astype(np.float32)
            word = clips.samples[row, clips.starts[row] : clips.ends[row]]
            # In double precision with every release of NumPy, so that clips do not depend on the release.
            signal_power = float(np.dot(word, word)) / max(len(word), 1)
            noise_power = float(np.dot(noise, noise)) / len(noise)
            if signal_power > 0 and noise_power > 0:
                noise *= float(ratio) * math.sqrt(signal_power / noise_power)
                clips.samples[row] += noise


class AddBackgroundNoise(Noise):
    """Adds a random part of a random noise recording. A recording that is shorter than the clip is repeated.

    Args:
        noise: recordings, (samples,) int16 each; without recordings, the clips do not change.
        min_snr_db: lowest ratio of the mean powers of word and noise.
        max_snr_db: highest ratio.
    """

    def __init__(self, noise: Sequence[Pcm], min_snr_db: float = 3.0, max_snr_db: float = 30.0) -> None:
        super().__init__(min_snr_db, max_snr_db)
        self.noise = [recording for recording in noise if len(recording)]

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Adds noise to the given rows."""
        if not self.noise:
            return
        recordings = [self.noise[number] for number in rng.below(len(self.noise))]
        lengths = np.array([len(recording) for recording in recordings])
        starts = rng.below(np.maximum(lengths - clips.length + 1, 1))
        parts = [
            np.resize(recording[start : start + clips.length], clips.length)
            if len(recording) < clips.length
            else recording[start : start + clips.length]
            for recording, start in zip(recordings, starts, strict=True)
        ]
        self.mix(clips, rows, rng, parts)


class AddGaussianSNR(Noise):
    """Adds white Gaussian noise.

    Args:
        min_snr_db: lowest ratio of the mean powers of word and noise.
        max_snr_db: highest ratio.
    """

    def __init__(self, min_snr_db: float = 5.0, max_snr_db: float = 40.0) -> None:
        super().__init__(min_snr_db, max_snr_db)
        self.noise = np.random.default_rng(0).standard_normal(GAUSSIAN_SAMPLES, np.float32)

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Adds noise to the given rows."""
        starts = rng.below(np.full(len(rows), len(self.noise) - clips.length + 1))
        self.mix(clips, rows, rng, [self.noise[start : start + clips.length] for start in starts])
