"""Calibration of the scores: of the clips with a score of 0.9, 90 % should be classified correctly."""

from typing import Any

import numpy as np
import numpy.typing as npt

# Guo et al. 2017, "On Calibration of Modern Neural Networks", use 15 bins for tens of thousands of images. Ten bins
# suit test splits of a few hundred clips.
NUM_BINS = 10


def measure(targets: npt.ArrayLike, scores: npt.ArrayLike) -> dict[str, Any]:
    """Measures the calibration of the class with the highest score.

    Args:
        targets: (clips,) index of each clip's true label; at least one clip.
        scores: (clips, classes) posteriors, 0 to 1.

    Returns:
        expected_calibration_error: mean absolute difference of confidence and accuracy over the bins, weighted by
            their number of clips (Guo et al. 2017, equation 3).
        bins: ``NUM_BINS`` bins of equal width from 0 to 1. Each has clips (the number), confidence (mean score of the
            predicted class) and accuracy. Confidence and accuracy of a bin without clips are None.
    """
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    confidence = posteriors.max(axis=1)
    correct = posteriors.argmax(axis=1) == truth
    # A score of exactly 1 belongs to the last bin. Dequantized int8 posteriors may be slightly below 0 or above 1.
    bin_index = np.clip((confidence * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    bins = [_bin(confidence[bin_index == index], correct[bin_index == index]) for index in range(NUM_BINS)]
    distances = [
        entry["clips"] * abs(entry["confidence"] - entry["accuracy"]) for entry in bins if entry["clips"]
    ]
    return {"expected_calibration_error": sum(distances) / len(truth), "bins": bins}


def _bin(confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_]) -> dict[str, Any]:
    empty = not len(correct)
    return {
        "clips": len(correct),
        "confidence": None if empty else float(confidence.mean()),
        "accuracy": None if empty else float(correct.mean()),
    }
