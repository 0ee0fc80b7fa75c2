"""Headline figures and accuracy tables: classes, forms of the model, confusions, agreement between forms."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from kwspipe.dataset.clip_kinds import HARD
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword
from kwspipe.metrics.share_interval import wilson_interval
from kwspipe.report.formatting import THIN, percent, percent_interval, rate, rate_interval
from kwspipe.report.run_contents import RunContents
from kwspipe.runs.metrics_content import FORMS, total_rows

MAX_CONFUSIONS = 8
# A recall is marked as poor or fine if its 95 % interval is below POOR or above GOOD.
POOR, GOOD = 0.8, 0.9


@dataclass(frozen=True)
class Tile:
    """A headline figure: name, value, and a note with its interval or reference."""

    name: str
    value: str
    note: str


def tiles(run: RunContents) -> list[Tile]:
    """Returns the headline figures of the int8 model by clip, and per hour if streams were measured."""
    if run.metrics is None:
        return []
    int8 = run.metrics["int8"]
    others = [
        f"{form} {percent(run.metrics[form]['accuracy'])}"
        for form in FORMS
        if form in run.metrics and form != "int8"
    ]
    per_class = int8["per_class"]
    keywords = sum(figures["clips"] for label, figures in per_class.items() if is_keyword(label))
    totals = (
        ("words_accuracy", "Keywords recognised", keywords),
        ("unknown_rejected", "Unknown words rejected", per_class.get(UNKNOWN, {}).get("clips", 0)),
        ("silence_rejected", "Silence rejected", per_class.get(SILENCE, {}).get("clips", 0)),
    )
    return [
        Tile("Accuracy", percent(int8["accuracy"]), ", ".join(others)),
        *(
            Tile(name, percent(int8[key]), _interval_note(int8[key], clips))
            for key, name, clips in totals
            if int8.get(key) is not None
        ),
        *_streaming_tiles(run.metrics.get("streaming")),
    ]


def _interval_note(share: float, clips: int) -> str:
    return f"95{THIN}% interval {percent_interval(wilson_interval(share, clips))}, {clips} clips"


def _streaming_tiles(streaming: Any) -> list[Tile]:
    if not isinstance(streaming, dict):
        return []
    found = []
    accepts, rejects = streaming.get("false_accepts_per_hour"), streaming.get("false_reject_rate")
    if accepts is not None:
        bounds, sound = streaming.get("false_accepts_interval"), streaming.get("false_accepts_on")
        interval = f"95{THIN}% interval {rate_interval(bounds)}" if bounds else ""
        note = ", ".join(filter(None, (interval, f"on {sound}" if sound else "")))
        found.append(Tile("False accepts per hour", rate(accepts), note))
    if rejects is not None:
        bounds = streaming.get("false_reject_interval")
        note = f"95{THIN}% interval {percent_interval((bounds[0], bounds[1]))}" if bounds else ""
        found.append(Tile("Keywords missed in streams", percent(rejects), note))
    return found


def hard_negatives(run: RunContents) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Returns the share of hard negatives not classified as a keyword: measured forms, and one row per kind of clip."""
    assert run.metrics is not None
    metrics = run.metrics
    forms = [form for form in FORMS if "rejected" in metrics.get(form, {})]
    kinds = sorted({kind for form in forms for kind in metrics[form]["rejected"]} & HARD)
    return forms, [(kind, [metrics[form]["rejected"].get(kind) for form in forms]) for kind in kinds]


def per_class(run: RunContents) -> list[dict[str, Any]]:
    """Returns per class the figures of float and int8, the interval of the int8 recall, and its grade."""
    assert run.metrics is not None
    rows = []
    for label, int8 in run.metrics["int8"]["per_class"].items():
        bounds = wilson_interval(int8["recall"], int8["clips"])
        other = run.metrics.get("float", {}).get("per_class", {}).get(label, {})
        grade = "poor" if bounds and bounds[1] < POOR else "fine" if bounds and bounds[0] > GOOD else ""
        rows.append({"label": label, "int8": int8, "float": other, "bounds": bounds, "grade": grade})
    return rows


def totals(run: RunContents) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Returns the measured forms of the model, and one row per figure with its value for each form."""
    assert run.metrics is not None
    forms = [form for form in FORMS if form in run.metrics]
    rows = total_rows(run.metrics, forms)
    return forms, [(title[:1].upper() + title[1:], shares) for title, shares in rows]


def confusions(run: RunContents) -> list[tuple[str, str, int, int]]:
    """Returns the most frequent confusions: label, predicted label, number of clips, number of clips of the label."""
    assert run.metrics is not None
    matrix = np.array(run.metrics["int8"]["confusion"])
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MAX_CONFUSIONS]
    labels = run.labels
    return [
        (labels[row], labels[column], int(matrix[row, column]), int(matrix[row].sum()))
        for row, column in (np.unravel_index(index, matrix.shape) for index in order)
        if mistakes[row, column]
    ]


def agreement(run: RunContents) -> list[dict[str, Any]]:
    """Returns the agreement of float with int8 and of int8 with device.

    Returns:
        Per pair: ``first``, ``second``, ``clips``, ``same`` (clips with the same predicted class), ``only_first`` and
        ``only_second`` (clips that one form classifies correctly and the other does not).
    """
    if run.scores is None:
        return []
    scores, targets = run.scores, run.scores["targets"]
    rows = []
    for first, second in pairwise(form for form in FORMS if form in scores):
        a, b = scores[first].argmax(axis=1), scores[second].argmax(axis=1)
        rows.append(
            {
                "first": first,
                "second": second,
                "clips": len(targets),
                "same": int(np.sum(a == b)),
                "only_first": int(np.sum((a == targets) & (b != targets))),
                "only_second": int(np.sum((b == targets) & (a != targets))),
            }
        )
    return rows
