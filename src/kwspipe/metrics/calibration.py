"""Whether scores can be trusted: of clips scored 90 %, nine in ten should be right."""

from typing import Any

import numpy as np
import numpy.typing as npt

# Guo et al. 2017, "On Calibration of Modern Neural Networks", use 15 bins for tens of thousands of images; test splits
# of a few hundred clips fill ten.
NUM_BINS = 10


def measure(targets: npt.ArrayLike, scores: npt.ArrayLike) -> dict[str, Any]:
    """Measures the calibration of the class with the highest score.

    Args:
        targets: (clips,) index of each clip's true label; at least one clip.
        scores: (clips, classes) posteriors, 0 to 1.

    Returns:
        expected_calibration_error: mean distance of confidence and accuracy over the bins, weighted by their clips
            (Guo et al. 2017, equation 3).
        bins: of equal width, from 0 to 1: clips, confidence (mean score of the winning class), accuracy; the last two
            are None where a bin has no clips.
    """
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    confidence = posteriors.max(axis=1)
    right = posteriors.argmax(axis=1) == truth
    # A score of exactly 1 belongs to the last bin; int8 posteriors may dequantize to a little less than 0.
    place = np.clip((confidence * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    bins = [_bin(confidence[place == index], right[place == index]) for index in range(NUM_BINS)]
    distances = [
        entry["clips"] * abs(entry["confidence"] - entry["accuracy"]) for entry in bins if entry["clips"]
    ]
    return {"expected_calibration_error": sum(distances) / len(truth), "bins": bins}


def _bin(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    empty = not len(right)
    return {
        "clips": len(right),
        "confidence": None if empty else float(confidence.mean()),
        "accuracy": None if empty else float(right.mean()),
    }
