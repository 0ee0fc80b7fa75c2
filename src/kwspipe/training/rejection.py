"""Accuracy on keywords at a given share of rejected other words, which compares models with different biases."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kwspipe.labels import UNKNOWN, is_keyword

_SMALLEST = 1e-9  # posteriors below have this logarithm


def words_at_rejection(
    targets: npt.NDArray[np.int64], scores: npt.NDArray[np.floating], labels: Sequence[str], rejected: float
) -> float | None:
    """Returns the share of keyword clips found at the bias that rejects a share of the other words.

    The bias is subtracted from the logarithm of the keywords' posteriors before the class with the highest score is
    chosen.

    Args:
        targets: (clips,) index of the label.
        scores: (clips, classes) posteriors.
        labels: (classes,) labels.
        rejected: share of the clips of ``_unknown_`` that are not classified as a keyword.

    Returns:
        The share; None without keywords, or with so few clips of ``_unknown_`` that one of them is more than the
        accepted share.
    """
    if UNKNOWN not in labels:
        return None
    keywords = np.array([is_keyword(label) for label in labels])
    words, other = keywords[targets], targets == labels.index(UNKNOWN)
    if not words.any() or other.sum() * (1 - rejected) < 1 - 1e-9:
        return None
    logits = np.log(np.maximum(scores, _SMALLEST))
    margin = logits[:, keywords].max(axis=1) - logits[:, ~keywords].max(axis=1)
    others = np.sort(margin[other])
    bias = others[int(np.ceil(rejected * len(others) - 1e-9)) - 1]
    right = np.flatnonzero(keywords)[logits[:, keywords].argmax(axis=1)] == targets
    return float(np.mean((right & (margin > bias))[words]))
