"""Predictions for each test clip: the file predictions.csv, which makes models comparable clip by clip."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwspipe.errors import KwspipeError

COLUMNS = ("clip", "label", "predicted", "score")


@dataclass(frozen=True)
class Prediction:
    """The prediction for a clip.

    Attributes:
        label: the true label.
        predicted: the label with the highest score.
        score: the highest score, 0 to 1.
    """

    label: str
    predicted: str
    score: float

    @property
    def correct(self) -> bool:
        """True if the predicted label is the true label."""
        return self.predicted == self.label


def write(
    file: Path, paths: Sequence[str], targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]
) -> None:
    """Writes predictions.csv, one row per clip in the order of the data set.

    Args:
        file: the CSV file.
        paths: (clips,) path of the recording of each clip. Repeated paths are numbered from 2.
        targets: (clips,) index of the true label of each clip.
        scores: (clips, classes) posteriors, 0 to 1.
        labels: (classes,) in the order of the scores.
    """
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    predicted = posteriors.argmax(axis=1)
    counts: dict[str, int] = {}
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for number, path in enumerate(paths):
            counts[path] = counts.get(path, 0) + 1
            clip = path if counts[path] == 1 else f"{path} ({counts[path]})"
            best = predicted[number]
            score = f"{posteriors[number, best]:.6f}"
            table.writerow((clip, labels[truth[number]], labels[best], score))


def parse(text: str, where: str) -> dict[str, Prediction]:
    """Parses the content of predictions.csv. Returns the predictions by clip.

    Raises:
        KwspipeError: the content has another form, or a clip occurs twice.
    """
    rows = list(csv.reader(text.splitlines()))
    try:
        if tuple(rows[0]) != COLUMNS:
            raise ValueError(f"columns {', '.join(rows[0])}")
        predictions = {
            clip: Prediction(label, predicted, float(score)) for clip, label, predicted, score in rows[1:]
        }
        if len(predictions) != len(rows) - 1:
            raise ValueError("a clip occurs twice")
    except (ValueError, IndexError) as error:
        raise KwspipeError(
            where, f"damaged: {error}", f"a table with {', '.join(COLUMNS)}", "evaluate that run again"
        ) from None
    return predictions
