"""What the model is worth: headline figures, classes, mistakes by kind, float against int8 against device."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from kwspipe.dataset.clip_kinds import HARD
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword
from kwspipe.report.facts import RunFacts
from kwspipe.report.figures import DASH, THIN, between, interval, percent, rate
from kwspipe.runs.noise_figures import words_over_noise

KINDS = ("float", "int8", "device")
TOTALS = (
    ("accuracy", "All clips right"),
    ("words_accuracy", "Words right"),
    ("unknown_rejected", "Unknown words not called a word"),
    ("silence_rejected", "Silence not called a word"),
)
MAX_CONFUSIONS = 8
# A recall is marked where its whole interval lies below or above.
POOR, GOOD = 0.8, 0.9


@dataclass(frozen=True)
class Tile:
    """A headline figure: its name, its value, and a line on how sure it is or what it rests on."""

    name: str
    value: str
    note: str


def tiles(facts: RunFacts) -> list[Tile]:
    """Returns the headline figures of what is deployed: int8, by clip, and by the hour where streams were measured."""
    if facts.metrics is None:
        return []
    best = facts.metrics["int8"]
    others = [f"{kind} {percent(facts.metrics[kind]['accuracy'])}" for kind in KINDS if kind in facts.metrics]
    overall = Tile(
        "All clips right",
        percent(best["accuracy"]),
        ", ".join(other for other in others if "int8" not in other),
    )
    per_class = best["per_class"]
    words = sum(figures["clips"] for label, figures in per_class.items() if is_keyword(label))
    counts = {
        "words_accuracy": ("Words recognised", words, "words"),
        "unknown_rejected": ("Unknown words rejected", per_class.get(UNKNOWN, {}).get("clips", 0), "clips"),
        "silence_rejected": ("Silence rejected", per_class.get(SILENCE, {}).get("clips", 0), "clips"),
    }
    found = [
        Tile(name, percent(best[key]), _sureness(best[key], clips, unit))
        for key, (name, clips, unit) in counts.items()
        if best.get(key) is not None
    ]
    return [overall, *found, *_streaming_tiles(facts.metrics.get("streaming"))]


def _sureness(share: float, clips: int, unit: str) -> str:
    return f"{between(interval(share, clips))}{THIN}% likely, {clips} {unit}"


def _streaming_tiles(streaming: Any) -> list[Tile]:
    if not isinstance(streaming, dict):
        return []
    found = []
    accepts, rejects = streaming.get("false_accepts_per_hour"), streaming.get("false_reject_rate")
    if accepts is not None:
        bounds, where = streaming.get("false_accepts_interval"), streaming.get("false_accepts_on")
        likely = f"{rate(bounds[0])}{DASH}{rate(bounds[1])} likely" if bounds else ""
        note = ", ".join(filter(None, (likely, f"on {where}" if where else "")))
        found.append(Tile("False accepts an hour", rate(accepts), note))
    if rejects is not None:
        bounds = streaming.get("false_reject_interval")
        likely = f"{between((bounds[0], bounds[1]))}{THIN}% likely" if bounds else ""
        found.append(Tile("Words missed in streams", percent(rejects), likely))
    return found


def hard_negatives(facts: RunFacts) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Returns how often hard negatives were not called a keyword: forms measured, and a row a kind."""
    assert facts.metrics is not None
    forms = [kind for kind in KINDS if "rejected" in facts.metrics.get(kind, {})]
    names = sorted({name for form in forms for name in facts.metrics[form]["rejected"]} & HARD)
    return forms, [(name, [facts.metrics[form]["rejected"].get(name) for form in forms]) for name in names]


def per_class(facts: RunFacts) -> list[dict[str, Any]]:
    """Returns a row a class: figures of float and int8, the interval of the latter's recall, and its mark."""
    assert facts.metrics is not None
    rows = []
    for label, int8 in facts.metrics["int8"]["per_class"].items():
        bounds = interval(int8["recall"], int8["clips"])
        other = facts.metrics.get("float", {}).get("per_class", {}).get(label, {})
        grade = "poor" if bounds and bounds[1] < POOR else "fine" if bounds and bounds[0] > GOOD else ""
        rows.append({"label": label, "int8": int8, "float": other, "bounds": bounds, "grade": grade})
    return rows


def totals(facts: RunFacts) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Returns the kinds that were measured, and a row a figure with its value for each kind."""
    assert facts.metrics is not None
    kinds = [kind for kind in KINDS if kind in facts.metrics]
    rows = [(text, [facts.metrics[kind].get(key) for kind in kinds]) for key, text in TOTALS]
    over_noise = [
        (f"Words right at {snr_db:g}{THIN}dB over noise", shares)
        for snr_db, shares in words_over_noise(facts.metrics, kinds)
    ]
    return kinds, rows + over_noise


def confusions(facts: RunFacts) -> list[tuple[str, str, int, int]]:
    """Returns the most frequent confusions: true label, predicted label, how often, of how many clips."""
    assert facts.metrics is not None
    matrix = np.array(facts.metrics["int8"]["confusion"])
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MAX_CONFUSIONS]
    places = [np.unravel_index(index, matrix.shape) for index in order]
    labels = facts.labels
    return [
        (labels[row], labels[column], int(matrix[row, column]), int(matrix[row].sum()))
        for row, column in places
        if mistakes[row, column]
    ]


def agreement(facts: RunFacts) -> list[dict[str, Any]]:
    """Returns a row for float against int8, and for int8 against device: on how many clips they say the same.

    Keys: ``first`` and ``second``, ``clips``, ``same`` (class), ``only_first`` and ``only_second`` (right where the
    other is wrong).
    """
    if facts.scores is None:
        return []
    scores, targets = facts.scores, facts.scores["targets"]
    kinds = [kind for kind in KINDS if kind in scores]
    rows = []
    for first, second in pairwise(kinds):
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
