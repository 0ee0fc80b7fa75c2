"""The clips a model got wrong, the most confident first: they show wrong labels and bad recordings."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

COLUMNS = ("rank", "path", "label", "predicted", "score", "clip")


def write(
    file: Path,
    paths: Sequence[str],
    numbers: Sequence[int] | npt.NDArray[np.int64],
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    labels: Sequence[str],
    max_mistakes: int,
) -> int:
    """Writes mistakes.csv.

    Args:
        file: where to.
        paths: (clips,) where each clip came from.
        numbers: (clips,) of each clip in the prepared store.
        targets: (clips,) index of each clip's true label.
        scores: (clips, classes) posteriors, 0 to 1.
        labels: (classes,) in the order of the scores.
        max_mistakes: rows at most.

    Returns:
        How many clips were wrong, written or not.
    """
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    predicted = posteriors.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    confidence = posteriors[wrong, predicted[wrong]]
    # Stable, so that clips of equal score keep the order of the data set.
    ranked = wrong[np.argsort(-confidence, kind="stable")]
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for rank, clip in enumerate(ranked[:max_mistakes], start=1):
            guess = predicted[clip]
            score = f"{posteriors[clip, guess]:.4f}"
            table.writerow((rank, paths[clip], labels[truth[clip]], labels[guess], score, numbers[clip]))
    return len(wrong)
