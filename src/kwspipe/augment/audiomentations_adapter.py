"""audiomentations' own transforms, clip by clip: for what is not worth writing again, at some ms a clip.

Each clip's random numbers are seeded anew, because audiomentations draws from the global generators; hence it is
not for threads.
"""

import random
from typing import Any

import numpy as np

from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.random import CounterRng, Indices

# Those that keep a clip's length and meaning, and need no files of their own.
BORROWED = (
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


class Borrowed:
    """A transform of audiomentations.

    Args:
        kind: its class.
        parameters: as its own documentation has them.
    """

    def __init__(self, kind: Any, **parameters: Any) -> None:
        self.transform = kind(p=1.0, **parameters)

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Transforms the rows, one after another."""
        for row, seed in zip(rows, draws.bits(), strict=True):
            random.seed(int(seed))
            np.random.seed(int(seed) >> 32)
            clips.samples[row] = self.transform(clips.samples[row], clips.rate_hz)
