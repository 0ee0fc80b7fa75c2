"""Plots as PNG: ROC and precision-recall curves of each class."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kwspipe.metrics.palette import SERIES
from kwspipe.metrics.plot_style import (
    OTHERS,
    SOFT,
    add_legend,
    apply_axes_style,
    new_figure,
    save,
    set_log_ticks,
    set_percent_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """The curve of a class against all others.

    Attributes:
        label: the class.
        x: horizontal coordinates, in percent.
        y: vertical coordinates, in percent.
        area: area under the curve.
        point: coordinates of the operating point, at which a clip is of the class with the highest score, in percent.
    """

    label: str
    x: Floats
    y: Floats
    area: float
    point: tuple[float, float]


def roc(targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], file: Path) -> None:
    """Draws the ROC curve of each class against the rest, with a log scale of the false positive rate.

    Args:
        targets: (clips,) index of the true label of each clip.
        scores: (clips, classes) posteriors.
        labels: (classes,) in the order of the scores.
        file: the PNG file.
    """
    from sklearn.metrics import auc, roc_curve

    # A log scale has no zero. Half a clip represents zero false positives.
    lowest_rate = 50 / max(len(np.asarray(targets)), 2)

    def curve(label: str, of_class: Bools, score: Floats, predicted: Bools) -> Curve:
        false_rate, true_rate, _ = roc_curve(of_class, score, drop_intermediate=False)
        area = float(auc(false_rate, true_rate))
        point = (100 * float(predicted[~of_class].mean()), 100 * float(predicted[of_class].mean()))
        # The curve starts on the left edge, at the best true positive rate there.
        first = int(np.count_nonzero(100 * false_rate <= lowest_rate)) - 1
        return Curve(label, 100.0 * false_rate[first:], 100.0 * true_rate[first:], area, point)

    curves = _curves(targets, scores, labels, curve)
    figure, axes = _figure(
        "ROC curve of each class", "false positive rate (%), log scale", "true positive rate (%)"
    )
    set_log_ticks(axes, lowest_rate, 100)
    lowest = min((min(curve.y[0], curve.point[1]) for curve in curves), default=0.0)
    set_percent_ticks(axes, min(10 * np.floor(lowest / 10), 90))
    _draw(figure, axes, curves, "Area under the curve", lowest_rate)
    save(figure, file)


def precision_recall(
    targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], file: Path
) -> None:
    """Draws precision over recall of each class against the rest. The arguments are those of ``roc``."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    def curve(label: str, of_class: Bools, score: Floats, predicted: Bools) -> Curve:
        precision, recall, _ = precision_recall_curve(of_class, score)
        area = float(average_precision_score(of_class, score))
        hits, accepted = np.count_nonzero(predicted & of_class), np.count_nonzero(predicted)
        point = (100 * hits / np.count_nonzero(of_class), 100 * hits / accepted if accepted else np.nan)
        # Thresholds below the highest one with full recall only add false positives. The curve ends at the lowest
        # recall above zero, and continues to the vertical axis.
        first = int(np.flatnonzero(recall == 1)[-1])
        last = int(np.flatnonzero(recall > 0)[-1]) + 1
        x, y = np.append(recall[first:last], 0.0), precision[first:last]
        return Curve(label, 100.0 * x, 100.0 * np.append(y, y[-1]), area, point)

    curves = _curves(targets, scores, labels, curve)
    figure, axes = _figure("Precision and recall of each class", "recall (%)", "precision (%)")
    axes.set_xlim(0, 101)
    axes.set_xticks(range(0, 101, 20))
    set_percent_ticks(axes, 0)
    _draw(figure, axes, curves, "Average precision", 0)
    save(figure, file)


def _curves(
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    labels: Sequence[str],
    curve: Callable[[str, Bools, Floats, Bools], Curve],
) -> list[Curve]:
    """Returns the curve of each class with positive and negative clips, in ascending order of the area."""
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    predicted = posteriors.argmax(axis=1)
    curves = []
    for index, label in enumerate(labels):
        of_class = truth == index
        if of_class.any() and not of_class.all():
            curves.append(curve(label, of_class, posteriors[:, index], predicted == index))
    return sorted(curves, key=lambda curve: curve.area)


def _figure(title: str, x_name: str, y_name: str) -> tuple["Figure", "Axes"]:
    figure = new_figure(8.4, 7.2, title)
    axes = figure.subplots()
    apply_axes_style(axes, x_name, y_name)
    return figure, axes


def _draw(figure: "Figure", axes: "Axes", curves: list[Curve], area_name: str, left: float) -> None:
    """Draws the curves, their operating points and a legend. Those with the smallest areas are coloured and on top.

    Args:
        figure: the figure.
        axes: the axes.
        curves: the curves, in ascending order of the area.
        area_name: name of the area in the legend.
        left: left end of the horizontal axis, to which smaller coordinates are moved.
    """
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"drawstyle": "steps-post", "clip_on": True}
    for curve in curves[len(SERIES) :]:
        axes.plot(np.maximum(curve.x, left), curve.y, color=OTHERS, linewidth=1.4, zorder=2, **style)
    handles: list[Any] = []
    for rank, (curve, colour) in enumerate(zip(curves, SERIES, strict=False)):
        order = 4 - rank / 100
        # The area is first in the text because matplotlib omits labels that start with _ from legends.
        label = f"{curve.area:.3f}  {curve.label}"
        x = np.maximum(curve.x, left)
        handles += axes.plot(x, curve.y, color=colour, linewidth=2.4, zorder=order, label=label, **style)
        point = (max(curve.point[0], left), curve.point[1])
        axes.plot(
            *point, "o", color=colour, markersize=9, markeredgecolor="white", zorder=order + 1, clip_on=False
        )
    others = curves[len(SERIES) :]
    if others:
        areas = dict.fromkeys(f"{area:.3f}" for area in (others[0].area, others[-1].area))
        label = f"{' to '.join(areas)}  other classes ({len(others)})"
        handles.append(Line2D([], [], color=OTHERS, linewidth=1.6, label=label))
    if handles:
        text = "operating point: the class with the highest score"
        handles.append(Line2D([], [], color=SOFT, marker="o", linestyle="", markersize=8, label=text))
        add_legend(figure, handles, 2, f"{area_name}, smallest first")
