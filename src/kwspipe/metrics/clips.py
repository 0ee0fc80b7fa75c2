"""Per-clip metrics: accuracy, recall, precision, area under the ROC curve, confusion matrix and rejection rates.

metrics.json contains the result of ``measure`` unchanged. JSON has no NaN, so an undefined metric is None, for example
the recall of a class without clips or the precision of a class that is never predicted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword


def measure(targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]) -> dict[str, Any]:
    """Measures the classification of clips. The predicted class is the first one with the highest score.

    Args:
        targets: (clips,) index of the true label of each clip.
        scores: (clips, classes) posteriors or a monotonic function of them.
        labels: (classes,) in the order of the scores.

    Returns:
        clips: number of clips.
        accuracy: share of the clips that are classified correctly.
        words_accuracy: share of the keyword clips that are classified correctly.
        unknown_rejected, silence_rejected: share of the ``_unknown_`` (``_silence_``) clips that are not classified as
            a keyword.
        per_class: recall, precision, auc (area under the ROC curve, one class against the rest) and clips, by label.
        confusion: (classes, classes) number of clips, with one row per true label and one column per predicted label.

    Raises:
        KwspipeError: there are no clips, the shapes do not match, or a score is not finite.
    """
    from sklearn.metrics import confusion_matrix

    truth, posteriors = _checked(targets, scores, labels)
    predicted = posteriors.argmax(axis=1)
    confusion = confusion_matrix(truth, predicted, labels=range(len(labels)))
    keywords = np.array([is_keyword(label) for label in labels])
    predicted_keyword = keywords[predicted]
    return {
        "clips": len(truth),
        "accuracy": _mean(predicted == truth),
        "words_accuracy": _mean((predicted == truth)[keywords[truth]]),
        "unknown_rejected": _mean(~predicted_keyword[_clips_of(UNKNOWN, truth, labels)]),
        "silence_rejected": _mean(~predicted_keyword[_clips_of(SILENCE, truth, labels)]),
        "per_class": _per_class(truth, posteriors, confusion, labels),
        "confusion": confusion.tolist(),
    }


def rejection_rates(
    kinds: Sequence[str], targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str]
) -> dict[str, float]:
    """Measures the rejection of clips without a keyword.

    Args:
        kinds: (clips,) kind of each clip, see ``dataset.clip_kinds``.
        targets: see ``measure``.
        scores: see ``measure``.
        labels: see ``measure``.

    Returns:
        The share of the ``_unknown_`` and ``_silence_`` clips that are not classified as a keyword, by kind, sorted.
    """
    truth, posteriors = _checked(targets, scores, labels)
    keywords = np.array([is_keyword(label) for label in labels])
    rejected = ~keywords[posteriors.argmax(axis=1)]
    kind_of = np.where(keywords[truth], "", np.array(kinds))
    return {kind: float(rejected[kind_of == kind].mean()) for kind in sorted(set(kind_of.tolist()) - {""})}


def _per_class(
    truth: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    confusion: npt.NDArray[np.int64],
    labels: Sequence[str],
) -> dict[str, dict[str, float | int | None]]:
    from sklearn.metrics import roc_auc_score

    result: dict[str, dict[str, float | int | None]] = {}
    for index, label in enumerate(labels):
        clips, predictions, hits = confusion[index].sum(), confusion[:, index].sum(), confusion[index, index]
        has_auc = 0 < clips < len(truth)
        result[label] = {
            "recall": float(hits / clips) if clips else None,
            "precision": float(hits / predictions) if predictions else None,
            "auc": float(roc_auc_score(truth == index, scores[:, index])) if has_auc else None,
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
            "compute one score per clip and label",
        )
    if truth.min() < 0 or truth.max() >= len(labels):
        raise KwspipeError(
            "evaluate",
            f"targets from {truth.min()} to {truth.max()}",
            f"0 to {len(labels) - 1}, the indices of the labels",
            "use targets and labels of the same data set",
        )
    not_finite = np.count_nonzero(~np.isfinite(posteriors).all(axis=1))
    if not_finite:
        raise KwspipeError(
            "evaluate",
            f"scores of {not_finite} of {len(truth)} clips that are not finite",
            "finite scores",
            "lower schedule.initial_learning_rate and train again: the training diverged",
        )
    return truth, posteriors


def _clips_of(label: str, truth: npt.NDArray[np.int64], labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    return truth == labels.index(label) if label in labels else np.zeros(len(truth), bool)


def _mean(values: npt.NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None
