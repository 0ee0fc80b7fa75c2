"""Line charts: training history, ROC curves, reliability diagram."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from kwspipe.metrics.plot_style import integer_ticks
from kwspipe.report.drawing import Axes, Drawing, field, for_widths, linear, log_ticks, logarithmic, ticks

BELOW = 42.0  # height of tick labels and name below the field
LABEL_HEIGHT = 18.0  # of the label of the selected epoch, between the name of the axis and the field
NUM_COLOURS = 6  # distinguishable colours; the classes with the smallest areas get them, the others are grey
SHARES = (0, 0.25, 0.5, 0.75, 1)  # tick positions of an axis from 0 to 100 %
Curve = tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64], float]


def training(
    epochs: Sequence[int], curves: Mapping[str, Sequence[float]], selected: int, name: str, percent: bool
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
    highest = 100.0 if percent else max(max(series) for series in values.values())
    lowest = min(min(series) for series in values.values()) if percent else 0.0
    levels = ticks(lowest, highest, 4)
    number = epochs[selected]
    # A single epoch is in the middle of the axis.
    first, last = (epochs[0], epochs[-1]) if len(epochs) > 1 else (epochs[0] - 1, epochs[0] + 1)
    numbers = integer_ticks(epochs[0], epochs[-1]) if len(epochs) > 1 else [number]

    def draw(width: float) -> Markup:
        box = left, top, right, bottom = field(width, 28 + LABEL_HEIGHT)
        title = f"{name} over {len(epochs)} epochs; epoch {number} was selected"
        drawing = Drawing(title, bottom + BELOW, width)
        y = linear(levels[0], levels[-1], bottom, top)
        axes = Axes(drawing, linear(first, last, left, right), y, box)
        axes.vertical([(value, f"{value:g}") for value in levels], name)
        axes.horizontal([(value, str(value)) for value in numbers], "epoch")
        x = axes.x(number)
        drawing.line(x, top, x, bottom, "selected")
        anchor = "start" if x < left + 40 else "end" if x > right - 40 else "middle"
        drawing.text(x, top - 7, f"best: epoch {number}", "mark", anchor)
        for style, series in values.items():
            axes.curve(epochs, series, style)
        for style, series in values.items():
            tip = f"epoch {number}: {series[selected]:.3g}{' %' if percent else ''}"
            axes.dot(number, series[selected], 4.5, style, tip)
        return drawing.markup()

    return for_widths(draw)


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
    lowest_rate = 0.5 / max(num_clips, 2)
    low = min((_rate_at_left(curve, lowest_rate) for curve in curves), default=0.0)
    levels = ticks(100 * low, 100, 4)

    def draw(width: float) -> Markup:
        box = left, top, right, bottom = field(width)
        drawing = Drawing(f"ROC curves of {len(curves)} classes against all others", bottom + BELOW, width)
        x = logarithmic(100 * lowest_rate, 100, left, right)
        axes = Axes(drawing, x, linear(levels[0], 100, bottom, top), box)
        axes.vertical([(value, f"{value:g}") for value in levels], "true positive rate (%)")
        axes.horizontal(log_ticks(100 * lowest_rate, 100), "false positive rate (%)")
        for index in reversed(range(len(curves))):
            label, false_rate, true_rate, area = curves[index]
            # Each curve starts on the left edge, at the best true positive rate there. The points below it, down to
            # (0, 0), can lie below the vertical axis.
            start = max(int(np.count_nonzero(false_rate <= lowest_rate)) - 1, 0)
            # The curve of a finite split is a staircase.
            xs, ys = np.repeat(100 * false_rate[start:], 2)[1:], np.repeat(100 * true_rate[start:], 2)[:-1]
            axes.curve(xs.tolist(), ys.tolist(), colour(index), f"{label}: area {area:.4f}")
        return drawing.markup()

    return for_widths(draw)


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
    return for_widths(lambda width: _reliability(bins, width))


def _reliability(bins: Sequence[Mapping[str, Any]], width: float) -> Markup:
    box = left, top, right, base = field(width)
    counts_height = 44.0
    bottom = base + 36 + counts_height
    drawing = Drawing(
        "Reliability: accuracy of clips over the confidence of the model", bottom + BELOW, width
    )
    x, y = linear(0, 1, left, right), linear(0, 1, base, top)
    Axes(drawing, x, y, box).vertical([(value, f"{100 * value:g}") for value in SHARES], "accuracy (%)")
    drawing.line(left, base, right, base, "axis")
    step = (right - left) / len(bins)
    most = max(entry["clips"] for entry in bins) or 1
    for index, entry in enumerate(bins):
        if not entry["clips"]:
            continue
        tip = (
            f"{entry['clips']} clips, confidence {100 * entry['confidence']:.0f} %, "
            f"accuracy {100 * entry['accuracy']:.0f} %"
        )
        shape = {"x": left + index * step + 1.5, "width": step - 3}
        height = max(base - y(entry["accuracy"]), 1)
        drawing.add("rect", "bar", tip, **shape, y=base - height, height=height)
        height = max(counts_height * entry["clips"] / most, 1)
        drawing.add("rect", "bar quiet", tip, **shape, y=bottom - height, height=height)
    drawing.line(x(0), y(0), x(1), y(1), "diagonal")
    drawing.text(0, base + 22, "clips", "name")
    lower = Axes(drawing, x, linear(0, most, bottom, bottom - counts_height), (left, bottom, right, bottom))
    lower.horizontal([(value, f"{100 * value:g}") for value in SHARES], "confidence (%)")
    drawing.text(left - 7, bottom - counts_height + 8, f"{most}", "tick", "end")
    drawing.text(left - 7, bottom + 4, "0", "tick", "end")
    return drawing.markup()
