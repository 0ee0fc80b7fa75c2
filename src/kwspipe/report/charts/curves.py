"""Charts of lines: training, ROC, reliability."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from kwspipe.report.drawing import WIDTH, Axes, Drawing, decades, linear, logarithmic, ticks

LEFT, RIGHT, TOP = 36.0, WIDTH - 16.0, 26.0
FIELD_HEIGHT = 168.0
BOX = (LEFT, TOP, RIGHT, TOP + FIELD_HEIGHT)
HEIGHT = TOP + FIELD_HEIGHT + 40
# The worst classes get colours, the others stay grey: as many as can be told apart.
NUM_COLOURS = 6
Curve = tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64], float]


def training(
    epochs: Sequence[float], curves: Mapping[str, Sequence[float]], kept: int, name: str, percent: bool
) -> Markup:
    """Draws figures over the epochs; a dashed line marks the epoch whose weights were kept.

    Args:
        epochs: (epochs,) their numbers.
        curves: (epochs,) values by class of the style sheet: ``training``, ``validation`` or ``balanced``.
        kept: place of the kept epoch.
        name: of the vertical axis.
        percent: values are shares, to be shown as percentages.
    """
    factor = 100 if percent else 1
    values = {style: [factor * value for value in series] for style, series in curves.items()}
    highest = max(max(series) for series in values.values())
    lowest = min(min(series) for series in values.values())
    low, high = (math.floor(lowest / 10) * 10, 100.0) if percent else (0.0, 1.05 * highest)
    drawing = Drawing(f"{name} over {len(epochs)} epochs; epoch {epochs[kept]:g} was kept", HEIGHT)
    first, last = epochs[0], max(epochs[-1], epochs[0] + 1)
    x, y = linear(first, last, LEFT, RIGHT), linear(low, high, BOX[3], TOP)
    axes = Axes(drawing, x, y, BOX)
    axes.vertical([(value, f"{value:g}") for value in ticks(low, high, 4)], name)
    axes.horizontal(
        [(value, f"{value:g}") for value in ticks(first, last, 6) if value == int(value)], "epoch"
    )
    drawing.line(x(epochs[kept]), TOP, x(epochs[kept]), BOX[3], "kept")
    for style, series in values.items():
        axes.curve(epochs, series, style)
        tip = f"epoch {epochs[kept]:g}: {series[kept]:.3g}{' %' if percent else ''}"
        drawing.add("circle", f"dot {style}", tip, cx=x(epochs[kept]), cy=y(series[kept]), r=4)
    return drawing.markup()


def roc_curves(
    targets: npt.NDArray[np.int64], scores: npt.NDArray[np.floating[Any]], labels: Sequence[str]
) -> list[Curve]:
    """Returns the ROC curve of each class against the rest, the one with the smallest area first.

    Args:
        targets: (clips,) index of the true label.
        scores: (clips, classes) posteriors.
        labels: (classes,)

    Returns:
        label, share of other clips taken for it, share of its own clips found, area under the curve.
    """
    from sklearn.metrics import auc, roc_curve

    curves: list[Curve] = []
    for index, label in enumerate(labels):
        own = targets == index
        if own.any() and not own.all():
            false_rate, true_rate, _ = roc_curve(own, scores[:, index])
            curves.append((label, false_rate, true_rate, float(auc(false_rate, true_rate))))
    return sorted(curves, key=lambda curve: curve[3])


def roc(curves: Sequence[Curve], num_clips: int) -> Markup:
    """Draws ROC curves, false positives on a logarithmic scale, the worst classes in colour."""
    drawing = Drawing(f"ROC curves of {len(curves)} classes against the rest", HEIGHT)
    # Half a clip is the left end: zero false positives, which a logarithmic scale does not have, lie there.
    left = 0.5 / max(num_clips, 2)
    low = min((_at_left(curve, left) for curve in curves), default=0.0)
    low = math.floor(9.9 * low) / 10
    x, y = logarithmic(left, 1, LEFT, RIGHT), linear(low, 1, BOX[3], TOP)
    axes = Axes(drawing, x, y, BOX)
    axes.vertical([(value, f"{100 * value:g}") for value in ticks(low, 1, 4)], "its own clips found (%)")
    marks = [(value, f"{100 * value:g} %") for value in decades(left, 1)]
    axes.horizontal(marks, "other clips taken for it")
    for place in reversed(range(len(curves))):
        label, false_rate, true_rate, area = curves[place]
        # Steps: between two thresholds of a finite split there is nothing.
        xs, ys = np.repeat(false_rate, 2)[1:], np.repeat(true_rate, 2)[:-1]
        axes.curve(xs.tolist(), ys.tolist(), colour(place), f"{label}: area {area:.4f}")
    return drawing.markup()


def _at_left(curve: Curve, left: float) -> float:
    _, false_rate, true_rate, _ = curve
    return float(true_rate[false_rate <= left].max(initial=0.0))


def colour(place: int) -> str:
    """Returns the style of the class at a place, the worst being at 0."""
    return f"series{place + 1}" if place < NUM_COLOURS else "others"


def reliability(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Draws the accuracy of each bin of confidence against the diagonal, and how many clips fell into each.

    Args:
        bins: as ``metrics.calibration.measure`` returns them.
    """
    share_height = 44.0
    bottom = BOX[3] + 16 + share_height
    drawing = Drawing("Reliability: accuracy of clips by the confidence of the model", bottom + 40)
    x, y = linear(0, 1, LEFT, RIGHT), linear(0, 1, BOX[3], TOP)
    axes = Axes(drawing, x, y, BOX)
    axes.vertical([(value, f"{100 * value:g}") for value in (0, 0.25, 0.5, 0.75, 1)], "right (%)")
    drawing.line(LEFT, BOX[3], RIGHT, BOX[3], "axis")
    width = (RIGHT - LEFT) / len(bins)
    most = max(entry["clips"] for entry in bins) or 1
    for place, entry in enumerate(bins):
        if not entry["clips"]:
            continue
        start = LEFT + place * width + 1.5
        tip = (
            f"{entry['clips']} clips of confidence {100 * entry['confidence']:.0f} %: "
            f"{100 * entry['accuracy']:.0f} % right"
        )
        height = BOX[3] - y(entry["accuracy"])
        drawing.add(
            "rect", "bar", tip, x=start, y=y(entry["accuracy"]), width=width - 3, height=max(height, 1)
        )
        tall = share_height * entry["clips"] / most
        drawing.add("rect", "bar quiet", tip, x=start, y=bottom - tall, width=width - 3, height=max(tall, 1))
    drawing.line(x(0), y(0), x(1), y(1), "diagonal")
    drawing.text(0, BOX[3] + 28, "clips", "name")
    lower = Axes(drawing, x, y, (LEFT, bottom, RIGHT, bottom))
    lower.horizontal([(value, f"{100 * value:g}") for value in (0, 0.25, 0.5, 0.75, 1)], "confidence (%)")
    return drawing.markup()
