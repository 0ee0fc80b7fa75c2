"""Line charts: training history, ROC curves, reliability diagram."""

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
NUM_COLOURS = 6  # distinguishable colours; the classes with the smallest areas get them, the others are grey
SHARES = (0, 0.25, 0.5, 0.75, 1)  # tick positions of an axis from 0 to 100 %
Curve = tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64], float]


def training(
    epochs: Sequence[float], curves: Mapping[str, Sequence[float]], selected: int, name: str, percent: bool
) -> Markup:
    """Draws metrics over the epochs. A dashed line marks the epoch whose weights were selected.

    Args:
        epochs: (epochs,) numbers of the epochs.
        curves: (epochs,) values by class of the style sheet: ``training``, ``validation`` or ``balanced``.
        selected: index of the selected epoch.
        name: name of the vertical axis.
        percent: whether values are shares that are shown as percentages.
    """
    factor = 100 if percent else 1
    values = {style: [factor * value for value in series] for style, series in curves.items()}
    highest = max(max(series) for series in values.values())
    lowest = min(min(series) for series in values.values())
    low, high = (math.floor(lowest / 10) * 10, 100.0) if percent else (0.0, 1.05 * highest)
    number = epochs[selected]
    drawing = Drawing(f"{name} over {len(epochs)} epochs; epoch {number:g} was selected", HEIGHT)
    first, last = epochs[0], max(epochs[-1], epochs[0] + 1)
    axes = Axes(drawing, linear(first, last, LEFT, RIGHT), linear(low, high, BOX[3], TOP), BOX)
    axes.vertical([(value, f"{value:g}") for value in ticks(low, high, 4)], name)
    axes.horizontal(
        [(value, f"{value:g}") for value in ticks(first, last, 6) if value == int(value)], "epoch"
    )
    drawing.line(axes.x(number), TOP, axes.x(number), BOX[3], "selected")
    for style, series in values.items():
        axes.curve(epochs, series, style)
        tip = f"epoch {number:g}: {series[selected]:.3g}{' %' if percent else ''}"
        axes.dot(number, series[selected], 4, style, tip)
    return drawing.markup()


def roc_curves(
    targets: npt.NDArray[np.int64], scores: npt.NDArray[np.floating[Any]], labels: Sequence[str]
) -> list[Curve]:
    """Returns the ROC curve of each class against all others, in order of increasing area.

    Args:
        targets: (clips,) indices of the true labels.
        scores: (clips, classes) scores of the model.
        labels: (classes,)

    Returns:
        Label, false positive rates, true positive rates, and area under the curve, per class.
    """
    from sklearn.metrics import auc, roc_curve

    curves: list[Curve] = []
    for index, label in enumerate(labels):
        positive = targets == index
        if positive.any() and not positive.all():
            false_rate, true_rate, _ = roc_curve(positive, scores[:, index])
            curves.append((label, false_rate, true_rate, float(auc(false_rate, true_rate))))
    return sorted(curves, key=lambda curve: curve[3])


def roc(curves: Sequence[Curve], num_clips: int) -> Markup:
    """Draws ROC curves over a logarithmic false positive rate; the classes with the smallest areas are coloured.

    Args:
        curves: as ``roc_curves`` returns them.
        num_clips: number of clips in the split. The axis starts at the rate of half a clip, which stands for zero.
    """
    drawing = Drawing(f"ROC curves of {len(curves)} classes against all others", HEIGHT)
    left = 0.5 / max(num_clips, 2)
    low = min((_rate_at_left(curve, left) for curve in curves), default=0.0)
    low = math.floor(9.9 * low) / 10
    axes = Axes(drawing, logarithmic(left, 1, LEFT, RIGHT), linear(low, 1, BOX[3], TOP), BOX)
    axes.vertical([(value, f"{100 * value:g}") for value in ticks(low, 1, 4)], "true positive rate (%)")
    axes.horizontal([(value, f"{100 * value:g}") for value in decades(left, 1)], "false positive rate (%)")
    for index in reversed(range(len(curves))):
        label, false_rate, true_rate, area = curves[index]
        # Each curve starts on the left edge, at the best true positive rate there. The points below it, down to
        # (0, 0), can lie below the vertical axis.
        start = max(int(np.count_nonzero(false_rate <= left)) - 1, 0)
        false_rate, true_rate = false_rate[start:], true_rate[start:]
        # The curve of a finite split is a staircase.
        xs, ys = np.repeat(false_rate, 2)[1:], np.repeat(true_rate, 2)[:-1]
        axes.curve(xs.tolist(), ys.tolist(), colour(index), f"{label}: area {area:.4f}")
    return drawing.markup()


def _rate_at_left(curve: Curve, left: float) -> float:
    _, false_rate, true_rate, _ = curve
    return float(true_rate[false_rate <= left].max(initial=0.0))


def colour(rank: int) -> str:
    """Returns the class of the style sheet for a curve; the curve with the smallest area has rank 0."""
    return f"series{rank + 1}" if rank < NUM_COLOURS else "others"


def reliability(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Draws a reliability diagram: the accuracy per confidence bin, the diagonal, and the number of clips per bin.

    Args:
        bins: as ``metrics.calibration.measure`` returns them.
    """
    share_height = 44.0
    bottom = BOX[3] + 16 + share_height
    drawing = Drawing("Reliability: accuracy of clips over the confidence of the model", bottom + 40)
    x, y = linear(0, 1, LEFT, RIGHT), linear(0, 1, BOX[3], TOP)
    axes = Axes(drawing, x, y, BOX)
    axes.vertical([(value, f"{100 * value:g}") for value in SHARES], "accuracy (%)")
    drawing.line(LEFT, BOX[3], RIGHT, BOX[3], "axis")
    width = (RIGHT - LEFT) / len(bins)
    most = max(entry["clips"] for entry in bins) or 1
    for index, entry in enumerate(bins):
        if not entry["clips"]:
            continue
        start = LEFT + index * width + 1.5
        tip = (
            f"{entry['clips']} clips, confidence {100 * entry['confidence']:.0f} %, "
            f"accuracy {100 * entry['accuracy']:.0f} %"
        )
        height = max(BOX[3] - y(entry["accuracy"]), 1)
        drawing.add("rect", "bar", tip, x=start, y=BOX[3] - height, width=width - 3, height=height)
        height = max(share_height * entry["clips"] / most, 1)
        drawing.add("rect", "bar quiet", tip, x=start, y=bottom - height, width=width - 3, height=height)
    drawing.line(x(0), y(0), x(1), y(1), "diagonal")
    drawing.text(0, BOX[3] + 28, "clips", "name")
    lower = Axes(drawing, x, y, (LEFT, bottom, RIGHT, bottom))
    lower.horizontal([(value, f"{100 * value:g}") for value in SHARES], "confidence (%)")
    return drawing.markup()
