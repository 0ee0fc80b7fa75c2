"""Headline figures and accuracy tables: classes, forms of the model, confusions, agreement between forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from kwspipe.labels import SILENCE, UNKNOWN, is_keyword
from kwspipe.metrics.share_interval import GOOD, POOR, wilson_interval
from kwspipe.report.formatting import THIN, percent, percent_interval, rate, rate_interval, thousands
from kwspipe.report.run_contents import RunContents
from kwspipe.runs.metrics_content import FORMS, TOTALS, total_rows

TILES = (
    ("accuracy", "Accuracy"),
    ("words_accuracy", "Keywords recognized"),
    ("unknown_rejected", "Unknown words rejected"),
    ("silence_rejected", "Silence rejected"),
)
MAX_CONFUSIONS = 8


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
    clips = _clips(int8)
    return [
        *(
            Tile(name, percent(int8[key]), _interval_note(int8[key], clips[key]))
            for key, name in TILES
            if int8.get(key) is not None
        ),
        *_streaming_tiles(run.metrics.get("streaming")),
    ]


def _clips(int8: Mapping[str, Any]) -> dict[str, int]:
    """Returns the number of test clips of each total by clip."""
    by_label = {label: figures["clips"] for label, figures in int8["per_class"].items()}
    return {
        "accuracy": int8["clips"],
        "words_accuracy": sum(clips for label, clips in by_label.items() if is_keyword(label)),
        "unknown_rejected": by_label.get(UNKNOWN, 0),
        "silence_rejected": by_label.get(SILENCE, 0),
    }


def _interval_note(share: float, clips: int) -> str:
    return f"95{THIN}% interval {percent_interval(wilson_interval(share, clips))}, {thousands(clips)} clips"


def _streaming_tiles(streaming: Any) -> list[Tile]:
    if not isinstance(streaming, dict):
        return []
    found = []
    accepts, rejects = streaming.get("false_accepts_per_hour"), streaming.get("false_reject_rate")
    if accepts is not None:
        bounds, sound = streaming.get("false_accepts_interval"), streaming.get("false_accepts_on")
        hours = streaming.get("hours")
        interval = f"95{THIN}% interval {rate_interval(bounds)}" if bounds else ""
        extent = (f"in {hours:.2f}{THIN}h" if hours else "") + (f" of {sound}" if sound else "")
        note = ", ".join(filter(None, (interval, extent.strip())))
        found.append(Tile("False accepts per hour", rate(accepts), note))
    if rejects is not None:
        bounds, keywords = streaming.get("false_reject_interval"), streaming.get("keywords")
        interval = f"95{THIN}% interval {percent_interval((bounds[0], bounds[1]))}" if bounds else ""
        extent = f"{thousands(keywords)} spoken" if keywords else ""
        note = ", ".join(filter(None, (interval, extent)))
        found.append(Tile("Keywords missed in streams", percent(rejects), note))
    return found


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


def totals(run: RunContents) -> tuple[list[str], list[dict[str, Any]]]:
    """Returns the measured forms of the model, and per total its title, its share by form and the interval of int8."""
    assert run.metrics is not None
    forms = [form for form in FORMS if form in run.metrics]
    clips = _clips(run.metrics["int8"])
    found = total_rows(run.metrics, forms)
    # The rows after the totals are keywords in noise.
    numbers = [clips[key] for key in TOTALS] + [clips["words_accuracy"]] * (len(found) - len(TOTALS))
    rows = [
        {
            "title": title[:1].upper() + title[1:],
            "clips": number,
            "shares": shares,
            "bounds": wilson_interval(shares[forms.index("int8")], number),
        }
        for number, (title, shares) in zip(numbers, found, strict=True)
    ]
    return forms, rows


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
