"""What a model said of every test clip: so that two models can be compared clip by clip."""

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
    """One clip.

    Attributes:
        label: the true one.
        predicted: the class with the highest score.
        score: that score, 0 to 1.
    """

    label: str
    predicted: str
    score: float

    @property
    def right(self) -> bool:
        """Whether the prediction is the label."""
        return self.predicted == self.label


def write(
    file: Path, paths: Sequence[str], targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]
) -> None:
    """Writes predictions.csv, a row a clip in the order of the data set.

    Args:
        file: where to.
        paths: (clips,) where each clip came from; of equal ones, the later are numbered.
        targets: (clips,) index of each clip's true label.
        scores: (clips, classes) posteriors, 0 to 1.
        labels: (classes,) in the order of the scores.
    """
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    predicted = posteriors.argmax(axis=1)
    times: dict[str, int] = {}
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for number, path in enumerate(paths):
            times[path] = times.get(path, 0) + 1
            clip = path if times[path] == 1 else f"{path} ({times[path]})"
            best = predicted[number]
            score = f"{posteriors[number, best]:.6f}"
            table.writerow((clip, labels[truth[number]], labels[best], score))


def parse(text: str, where: str) -> dict[str, Prediction]:
    """Returns the predictions of a predictions.csv by clip.

    Raises:
        KwspipeError: the text is no such table.
    """
    rows = list(csv.reader(text.splitlines()))
    try:
        if tuple(rows[0]) != COLUMNS:
            raise ValueError(f"its columns are {', '.join(rows[0])}")
        found = {
            clip: Prediction(label, predicted, float(score)) for clip, label, predicted, score in rows[1:]
        }
        if len(found) != len(rows) - 1:
            raise ValueError("a clip is there twice")
    except (ValueError, IndexError) as error:
        raise KwspipeError(
            where, f"it is damaged: {error}", f"a table of {', '.join(COLUMNS)}", "evaluate that run again"
        ) from None
    return found
