"""List of misclassified clips, in descending order of the score. It reveals wrong labels and bad recordings."""

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
        file: the CSV file.
        paths: (clips,) path of the recording of each clip.
        numbers: (clips,) number of each clip in the store.
        targets: (clips,) index of the true label of each clip.
        scores: (clips, classes) posteriors, 0 to 1.
        labels: (classes,) in the order of the scores.
        max_mistakes: largest number of rows.

    Returns:
        The number of misclassified clips, including those that are not written.
    """
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    predicted = posteriors.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    confidence = posteriors[wrong, predicted[wrong]]
    # A stable sort keeps clips of equal score in the order of the data set.
    ranked = wrong[np.argsort(-confidence, kind="stable")]
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for rank, clip in enumerate(ranked[:max_mistakes], start=1):
            score = f"{posteriors[clip, predicted[clip]]:.4f}"
            label, predicted_label = labels[truth[clip]], labels[predicted[clip]]
            table.writerow((rank, paths[clip], label, predicted_label, score, numbers[clip]))
    return len(wrong)
