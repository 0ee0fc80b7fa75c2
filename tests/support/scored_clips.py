"""Small set of scored clips with known mistakes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LABELS = ["one", "two", "_unknown_", "_silence_"]
# A clip of "one" is classified as "two", and a clip of "_unknown_" as "one". "_silence_" has no clips.
TARGETS = [0, 0, 0, 1, 1, 2, 2, 2]
PREDICTED = [0, 0, 1, 1, 1, 2, 0, 2]


def scores_for(
    predicted: Sequence[int], num_classes: int = 4, highest: float = 0.7
) -> npt.NDArray[np.float64]:
    """Returns scores (clips, classes): ``highest`` for the predicted class and equal scores for the others."""
    scores = np.full((len(predicted), num_classes), (1 - highest) / (num_classes - 1))
    scores[np.arange(len(predicted)), predicted] = highest
    return scores
