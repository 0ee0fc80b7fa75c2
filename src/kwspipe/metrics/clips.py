"""Figures by clip: how often the class with the highest score is the right one.

The dictionary ``measure`` returns goes into metrics.json as it is, so an undefined figure (the recall of a
class with no clips, the precision of a class never predicted) is None, never NaN, which JSON does not have.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword


def measure(targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]) -> dict[str, Any]:
    """Measures scored clips.

    Args:
        targets: (clips,) index of each clip's true label.
        scores: (clips, classes) posteriors, or anything that grows with them; of equal ones the first wins.
        labels: (classes,) in the order of the scores.

    Returns:
        clips: how many there were.
        accuracy: share of clips whose class is right.
        words_accuracy: the same, of keyword clips alone.
        unknown_rejected, silence_rejected: share of ``_unknown_`` (``_silence_``) clips not called a keyword.
        per_class: by label: recall, precision, auc (area under the ROC curve, the class against the rest),
            clips.
        confusion: (classes, classes) counts, a row a true label, a column a predicted one.

    Raises:
        KwspipeError: no clips, shapes that do not fit together, or scores that are not numbers.
    """
    from sklearn.metrics import confusion_matrix

    truth, posteriors = _checked(targets, scores, labels)
    predicted = posteriors.argmax(axis=1)
    confusion = confusion_matrix(truth, predicted, labels=range(len(labels)))
    keywords = np.array([is_keyword(label) for label in labels])
    called_keyword = keywords[predicted]
    of_keywords = keywords[truth]
    return {
        "clips": len(truth),
        "accuracy": _mean(predicted == truth),
        "words_accuracy": _mean((predicted == truth)[of_keywords]),
        "unknown_rejected": _mean(~called_keyword[_clips_of(UNKNOWN, truth, labels)]),
        "silence_rejected": _mean(~called_keyword[_clips_of(SILENCE, truth, labels)]),
        "per_class": _per_class(truth, posteriors, confusion, labels),
        "confusion": confusion.tolist(),
    }


def rejected(
    kinds: Sequence[str], targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]
) -> dict[str, float]:
    """Measures how often what is no keyword is not called one.

    Args:
        kinds: (clips,) how each clip was made, as ``clips.csv`` has it.
        targets: see ``measure``.
        scores: see ``measure``.
        labels: see ``measure``.

    Returns:
        By kind, sorted: the share of ``_unknown_`` and ``_silence_`` clips not called a keyword.
    """
    truth, posteriors = _checked(targets, scores, labels)
    keywords = np.array([is_keyword(label) for label in labels])
    right = ~keywords[posteriors.argmax(axis=1)]
    made = np.where(keywords[truth], "", np.array(kinds))
    return {kind: float(right[made == kind].mean()) for kind in sorted(set(made.tolist()) - {""})}


def _per_class(
    truth: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    confusion: npt.NDArray[np.int64],
    labels: Sequence[str],
) -> dict[str, dict[str, float | int | None]]:
    from sklearn.metrics import roc_auc_score

    result: dict[str, dict[str, float | int | None]] = {}
    for index, label in enumerate(labels):
        clips, calls, hits = confusion[index].sum(), confusion[:, index].sum(), confusion[index, index]
        ranked = 0 < clips < len(truth)
        result[label] = {
            "recall": float(hits / clips) if clips else None,
            "precision": float(hits / calls) if calls else None,
            "auc": float(roc_auc_score(truth == index, scores[:, index])) if ranked else None,
            "clips": int(clips),
        }
    return result


def _checked(
    targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    if len(truth) == 0 or truth.ndim != 1 or posteriors.shape != (len(truth), len(labels)):
        raise KwspipeError(
            "evaluate",
            f"targets of shape {truth.shape} and scores of shape {posteriors.shape} for {len(labels)} labels",
            f"(clips,) targets and (clips, {len(labels)}) scores of at least one clip",
            "give every clip one score a label",
        )
    if truth.min() < 0 or truth.max() >= len(labels):
        raise KwspipeError(
            "evaluate",
            f"targets from {truth.min()} to {truth.max()}",
            f"0 to {len(labels) - 1}, the indices of the labels",
            "check that targets and labels come from the same data set",
        )
    broken = np.count_nonzero(~np.isfinite(posteriors).all(axis=1))
    if broken:
        raise KwspipeError(
            "evaluate",
            f"{broken} of {len(truth)} clips have scores that are no numbers",
            "finite scores",
            "the training diverged: lower schedule.initial_learning_rate and train again",
        )
    return truth, posteriors


def _clips_of(label: str, truth: npt.NDArray[np.int64], labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    return truth == labels.index(label) if label in labels else np.zeros(len(truth), bool)


def _mean(values: npt.NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None
