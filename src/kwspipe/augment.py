"""Augmentation: where the word lies in the clip, and the transforms a YAML file may name."""

import difflib
import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kwspipe.audio import Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.config import AugmentConfig
from kwspipe.errors import ConfigError

# Transforms of audiomentations that keep a clip's length and meaning, and need no files of their own.
# AddBackgroundNoise is ours, under their name and parameters: it reads the prepared noise instead of files.
ALLOWED = (
    "AddBackgroundNoise",
    "AddColorNoise",
    "AddGaussianSNR",
    "Aliasing",
    "BandPassFilter",
    "BitCrush",
    "ClippingDistortion",
    "Gain",
    "GainTransition",
    "HighPassFilter",
    "HighShelfFilter",
    "LowPassFilter",
    "LowShelfFilter",
    "PeakingFilter",
    "PitchShift",
    "PolarityInversion",
    "SevenBandParametricEQ",
    "Shift",
    "TanhDistortion",
    "TimeMask",
    "TimeStretch",
)

Transform = Callable[[Samples, int], Samples]


def place(
    clip: Pcm,
    word: tuple[int, int],
    length: int,
    placement: Literal["random", "center"],
    rng: np.random.Generator,
) -> Pcm:
    """Cuts or pads a recording to ``length`` samples so that the word lies inside.

    What was recorded around the word comes along, so that a clip sounds like a piece of a stream. A word longer than
    the clip is cut at both ends.

    Args:
        clip: (samples,) int16, the recording.
        word: first sample of the word, and the one after its last.
        length: samples of the result.
        placement: the word anywhere, or in the middle.
        rng: decides where.

    Returns:
        (length,) int16.
    """
    start, end = word
    room = length - (end - start)
    before = room // 2 if placement == "center" or room <= 0 else int(rng.integers(0, room + 1))
    offset = start - before  # of the result's first sample, in the recording
    placed = np.zeros(length, np.int16)
    first, last = max(offset, 0), min(offset + length, len(clip))
    placed[first - offset : last - offset] = clip[first:last]
    return placed


class BackgroundNoise:
    """Mixes a random cut of a random noise recording in, at a random signal-to-noise ratio.

    Args:
        noise: recordings, (samples,) int16 each.
        p: probability that a clip gets noise.
        min_snr_db: lowest ratio of the mean powers of clip and noise.
        max_snr_db: highest.
    """

    def __init__(
        self, noise: Sequence[Pcm], p: float = 0.5, min_snr_db: float = 3.0, max_snr_db: float = 30.0
    ) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}; it is a probability, 0 to 1")
        if min_snr_db > max_snr_db:
            raise ValueError(f"min_snr_db {min_snr_db} is above max_snr_db {max_snr_db}")
        self.noise = [recording for recording in noise if len(recording)]
        self.p, self.min_snr_db, self.max_snr_db = p, min_snr_db, max_snr_db

    def __call__(self, samples: Samples, sample_rate: int) -> Samples:
        """Returns (samples,) float32; a clip or a noise of zeros leaves the clip as it is."""
        if not self.noise or random.random() >= self.p:
            return samples
        recording = random.choice(self.noise)
        start = random.randrange(max(1, len(recording) - len(samples) + 1))
        noise = float_from_pcm(np.resize(recording[start : start + len(samples)], len(samples)))
        sounding = samples[samples != 0]  # padding would make the clip seem quieter than its word is
        signal_power, noise_power = np.mean(sounding**2) if sounding.size else 0.0, np.mean(noise**2)
        if signal_power == 0 or noise_power == 0:
            return samples
        snr = 10 ** (random.uniform(self.min_snr_db, self.max_snr_db) / 10)
        return samples + noise * np.float32(np.sqrt(signal_power / noise_power / snr))


def check(transforms: Sequence[Mapping[str, Any]]) -> None:
    """Raises ConfigError with every fault of the configured transforms."""
    problems = []
    for index, transform in enumerate(transforms):
        where = f"augment.transforms.{index}"
        try:
            _build(transform, ())
        except Exception as error:
            # audiomentations checks its parameters with exceptions of many kinds.
            problems.append(f"{where}, {transform.get('name')}: {error}")
    if problems:
        raise ConfigError(problems)


def _build(transform: Mapping[str, Any], noise: Sequence[Pcm]) -> Transform:
    import audiomentations

    name = transform.get("name")
    if name not in ALLOWED:
        close = difflib.get_close_matches(str(name), ALLOWED, n=1, cutoff=0.0)
        raise ValueError(f"unknown transform. Closest: {close[0]}. Allowed: {', '.join(ALLOWED)}")
    kind = BackgroundNoise if name == "AddBackgroundNoise" else getattr(audiomentations, name)
    known = [parameter for parameter in inspect.signature(kind).parameters if parameter != "noise"]
    parameters = {key: value for key, value in transform.items() if key != "name"}
    for key in parameters:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise ValueError(f"no parameter {key!r}. Closest: {close[0]}. Known: {', '.join(known)}")
    return kind(noise, **parameters) if kind is BackgroundNoise else kind(**parameters)


class Augmenter:
    """Turns a recording into a training clip, the same one for the same seed.

    Args:
        config: placement and transforms.
        noise: background recordings to mix in, (samples,) int16 each.
        length: samples of a clip.
        sample_rate_hz: of clips and noise.

    Not for threads: audiomentations draws from the global random generators, which ``clip`` seeds.
    """

    def __init__(self, config: AugmentConfig, noise: Sequence[Pcm], length: int, sample_rate_hz: int) -> None:
        self.placement = config.placement
        self.length = length
        self.sample_rate_hz = sample_rate_hz
        self.transforms = [_build(transform, noise) for transform in config.transforms]

    def clip(self, recording: Pcm, word: tuple[int, int], seed: Sequence[int]) -> npt.NDArray[np.int16]:
        """Returns one augmented clip.

        Args:
            recording: (samples,) int16.
            word: first sample of the word, and the one after its last.
            seed: integers that decide every draw, for instance (seed, epoch, clip).

        Returns:
            (length,) int16.
        """
        rng = np.random.default_rng(seed)
        random.seed(int(rng.integers(2**63)))
        np.random.seed(int(rng.integers(2**32)))
        samples = float_from_pcm(place(recording, word, self.length, self.placement, rng))
        for transform in self.transforms:
            samples = transform(samples, self.sample_rate_hz)
        return pcm_from_float(samples)
