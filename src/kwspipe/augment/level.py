"""Transforms of level and form, by audiomentations' names and parameters where it has them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm, Samples
from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Floats, Indices

# Limits of what can be asked for: beyond them nothing is left of a 16-bit clip.
MAX_GAIN_DB = 96.0
MAX_SNR_DB = 100.0
# Gaussian noise is cut from this much of it: drawing it anew would cost three times what a clip's features cost.
GAUSSIAN_SAMPLES = 1 << 20


def amplitude(level_db: Floats) -> npt.NDArray[np.float32]:
    """Returns the factors that levels in dB stand for."""
    return (10 ** (level_db / 20)).astype(np.float32)


class Gain:
    """Makes clips louder or softer.

    Args:
        min_gain_db: lowest gain.
        max_gain_db: highest.
    """

    def __init__(self, min_gain_db: float = -12.0, max_gain_db: float = 12.0) -> None:
        self.gain_db = interval(
            {"min_gain_db": min_gain_db, "max_gain_db": max_gain_db}, -MAX_GAIN_DB, MAX_GAIN_DB
        )

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Scales the rows."""
        clips.samples[rows] *= amplitude(draws.uniform(*self.gain_db))[:, None]


class PolarityInversion:
    """Turns the signal over, as a microphone wired the other way does."""

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Negates the rows."""
        clips.samples[rows] *= np.float32(-1)


class Overload:
    """Cuts off the peaks of a clip, as a microphone or amplifier driven too hard does.

    Args:
        min_over_db: lowest level of the clip's peak above where it is cut off.
        max_over_db: highest.
    """

    def __init__(self, min_over_db: float = 0.0, max_over_db: float = 12.0) -> None:
        self.over_db = interval({"min_over_db": min_over_db, "max_over_db": max_over_db}, 0, MAX_GAIN_DB)

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Clips the rows."""
        samples = clips.samples[rows]
        limits = np.abs(samples).max(axis=1) * amplitude(-draws.uniform(*self.over_db))
        clips.samples[rows] = np.clip(samples, -limits[:, None], limits[:, None])


class Noise:
    """Mixes noise in at a random signal-to-noise ratio.

    The signal's power is that of the word, so that the pauses around it do not count; the noise's is that of the whole
    clip. Where one of them is digital zero there is no ratio, and the clip stays as it is.

    Args:
        min_snr_db: lowest ratio of the mean powers.
        max_snr_db: highest.
    """

    def __init__(self, min_snr_db: float, max_snr_db: float) -> None:
        self.snr_db = interval({"min_snr_db": min_snr_db, "max_snr_db": max_snr_db}, -MAX_SNR_DB, MAX_SNR_DB)

    def mix(
        self, clips: ClipBatch, rows: Indices, draws: CounterRng, noises: Sequence[Samples | Pcm]
    ) -> None:
        """Adds a noise, (samples,) of any scale, to each of the rows."""
        ratios = amplitude(-draws.uniform(*self.snr_db))
        for row, ratio, cut in zip(rows, ratios, noises, strict=True):
            noise = cut.astype(np.float32)
            word = clips.samples[row, clips.starts[row] : clips.ends[row]]
            signal_power = np.dot(word, word) / max(len(word), 1)
            noise_power = np.dot(noise, noise) / len(noise)
            if signal_power > 0 and noise_power > 0:
                noise *= ratio * np.sqrt(signal_power / noise_power)
                clips.samples[row] += noise


class AddBackgroundNoise(Noise):
    """Mixes in a random cut of a random recording of noise; a recording shorter than the clip is repeated.

    Args:
        noise: recordings, (samples,) int16 each; none leaves the clips as they are.
        min_snr_db: lowest ratio of the mean powers of word and noise.
        max_snr_db: highest.
    """

    def __init__(self, noise: Sequence[Pcm], min_snr_db: float = 3.0, max_snr_db: float = 30.0) -> None:
        super().__init__(min_snr_db, max_snr_db)
        self.noise = [recording for recording in noise if len(recording)]

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Adds noise to the rows."""
        if not self.noise:
            return
        recordings = [self.noise[number] for number in draws.below(len(self.noise))]
        lengths = np.array([len(recording) for recording in recordings])
        starts = draws.below(np.maximum(lengths - clips.length + 1, 1))
        cuts = [
            np.resize(recording[start : start + clips.length], clips.length)
            if len(recording) < clips.length
            else recording[start : start + clips.length]
            for recording, start in zip(recordings, starts, strict=True)
        ]
        self.mix(clips, rows, draws, cuts)


class AddGaussianSNR(Noise):
    """Mixes in white Gaussian noise.

    Args:
        min_snr_db: lowest ratio of the mean powers of word and noise.
        max_snr_db: highest.
    """

    def __init__(self, min_snr_db: float = 5.0, max_snr_db: float = 40.0) -> None:
        super().__init__(min_snr_db, max_snr_db)
        self.noise = np.random.default_rng(0).standard_normal(GAUSSIAN_SAMPLES, np.float32)

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Adds noise to the rows."""
        starts = draws.below(np.full(len(rows), len(self.noise) - clips.length + 1))
        self.mix(clips, rows, draws, [self.noise[start : start + clips.length] for start in starts])
