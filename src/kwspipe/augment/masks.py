"""Masks of features (D. S. Park et al., "SpecAugment", 2019), with the parameter names of audiomentations.

Masked features are -128, the int8 feature of digital silence.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Indices

MASKED = -128


class SpecMask:
    """Masks a band of consecutive frames or channels.

    Args:
        min_mask_fraction: smallest masked share of the frames or channels.
        max_mask_fraction: largest share.
    """

    axis: Literal[1, 2]

    def __init__(self, min_mask_fraction: float = 0.03, max_mask_fraction: float = 0.25) -> None:
        bounds = {"min_mask_fraction": min_mask_fraction, "max_mask_fraction": max_mask_fraction}
        self.fraction = interval(bounds, 0, 1)

    def mask(self, features: npt.NDArray[np.int8], rows: Indices, rng: CounterRng) -> None:
        """Masks the given rows of features (clips, frames, channels) in place."""
        size = features.shape[self.axis]
        widths = np.rint(rng.uniform(*self.fraction) * size).astype(np.int64)
        starts = rng.below(size - widths + 1)
        for row, start, width in zip(rows, starts, widths, strict=True):
            band = slice(start, start + width)
            features[(row, band) if self.axis == 1 else (row, slice(None), band)] = MASKED


class SpecTimeMask(SpecMask):
    """Masks consecutive frames."""

    axis = 1


class SpecFrequencyMask(SpecMask):
    """Masks consecutive channels."""

    axis = 2
