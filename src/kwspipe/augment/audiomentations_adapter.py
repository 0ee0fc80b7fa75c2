"""Adapter for transforms of the package audiomentations, which process one clip at a time in a few milliseconds.

audiomentations uses the global random generators. The adapter seeds these generators for each clip. It is therefore not
thread-safe.
"""

import random
from typing import Any

import numpy as np

from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.random import CounterRng, Indices

# Transforms that keep the length and the label of a clip and do not read files.
AUDIOMENTATIONS_NAMES = (
    "AddColorNoise",
    "Aliasing",
    "BandPassFilter",
    "BitCrush",
    "ClippingDistortion",
    "GainTransition",
    "HighPassFilter",
    "HighShelfFilter",
    "LowPassFilter",
    "LowShelfFilter",
    "PeakingFilter",
    "SevenBandParametricEQ",
    "Shift",
    "TanhDistortion",
    "TimeMask",
)


class AudiomentationsTransform:
    """A transform of audiomentations.

    Args:
        kind: class of the transform.
        parameters: of the class, as documented by audiomentations.
    """

    def __init__(self, kind: Any, **parameters: Any) -> None:
        self.transform = kind(p=1.0, **parameters)

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Transforms the given rows, one after another."""
        for row, seed in zip(rows, rng.bits(), strict=True):
            random.seed(int(seed))
            np.random.seed(int(seed) >> 32)
            clips.samples[row] = self.transform(clips.samples[row], clips.rate_hz)
