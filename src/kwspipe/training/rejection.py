"""Share of the keywords that a network finds where it rejects a given share of the other words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.labels import UNKNOWN, is_keyword

MIN_POSTERIOR = 1e-9


def words_at_rejection(
    targets: npt.NDArray[np.int64],
    posteriors: npt.NDArray[np.floating[Any]],
    labels: Sequence[str],
    rejected: float,
) -> float | None:
    """Returns the share of keyword clips found at the bias that rejects a share of the other words.

    The bias is subtracted from the logarithm of the keywords' posteriors before the class with the highest score is
    chosen.

    Args:
        targets: (clips,) index of the label.
        posteriors: (clips, classes)
        labels: (classes,)
        rejected: share of the clips of other words that are not classified as a keyword.

    Returns:
        The share; None if there are no clips of keywords or none of other words.
    """
    keywords = np.array([is_keyword(label) for label in labels])
    words = keywords[targets]
    others = targets == labels.index(UNKNOWN) if UNKNOWN in labels else np.zeros(len(targets), bool)
    if not words.any() or not others.any():
        return None
    logits = np.log(np.maximum(posteriors, MIN_POSTERIOR))
    margin = logits[:, keywords].max(axis=1) - logits[:, ~keywords].max(axis=1)
    sorted_margins = np.sort(margin[others])
    bias = sorted_margins[min(int(np.ceil(rejected * len(sorted_margins))), len(sorted_margins)) - 1]
    right = np.flatnonzero(keywords)[logits[:, keywords].argmax(axis=1)] == targets
    return float(np.mean((right & (margin > bias))[words]))
