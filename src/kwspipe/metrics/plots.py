"""Plots as PNG: confusion matrix, training curves, ROC and precision-recall curves of each class."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kwspipe.metrics.confusion import confusion
from kwspipe.metrics.plot_style import FAINT, INK, TITLE, apply_axes_style, new_figure, save
from kwspipe.training.history import best as best_epoch
from kwspipe.training.history import read as read_history

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion", "precision_recall", "roc", "training_curves"]

TRAINING, VALIDATION, BALANCED = "#9aa5b1", "#0b69a3", "#d55e00"
# Colour, line width and legend of each column of history.csv that is drawn.
LINES = {
    "accuracy": (TRAINING, 1.8, "training"),
    "val_accuracy": (VALIDATION, 2.2, "validation"),
    "val_balanced_accuracy": (BALANCED, 2.2, "validation, mean over the classes"),
    "loss": (TRAINING, 1.8, "training"),
    "val_loss": (VALIDATION, 2.2, "validation"),
}
SHARES = ("accuracy", "val_accuracy", "val_balanced_accuracy")
# Colours of Okabe and Ito, which colour-blind readers can distinguish (https://jfly.uni-koeln.de/color/). They mark the
# classes with the smallest areas, in this order. The other classes are grey.
COLOURS = ("#d55e00", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00", "#1f2933")
OTHERS = "#c3cad2"
Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]


def training_curves(history: Path, monitor: str, file: Path) -> None:
    """Draws accuracy and loss over the epochs, and marks the best epoch.

    Args:
        history: history.csv of the stage train.
        monitor: column by which the best epoch is chosen (``train.monitor``).
        file: the PNG file.

    Raises:
        KwspipeError: history.csv is missing, empty or damaged.
    """
    rows = read_history(history)
    best = best_epoch(rows, monitor)
    columns = {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}
    epochs = columns["epoch"] + 1  # history.csv counts from 0
    figure = new_figure(10.5, 4.2)
    accuracy, loss = figure.subplots(1, 2)
    shares = {name: np.asarray(100 * columns[name]) for name in SHARES if name in columns}
    _curves_over_epochs(accuracy, epochs, shares, best)
    _curves_over_epochs(loss, epochs, {name: columns[name] for name in ("loss", "val_loss")}, best)
    accuracy.set_title("Accuracy (%)", **TITLE)
    loss.set_title("Loss", **TITLE)
    best_text = f"best: epoch {epochs[best]:.0f}, {monitor} {columns[monitor][best]:.3f}"
    accuracy.set_title(best_text, loc="right", fontsize=9, color=VALIDATION, pad=10)
    accuracy.legend(loc="lower right", frameon=False, fontsize=9)
    loss.set_ylim(0, 1.1 * max(columns["loss"].max(), columns["val_loss"].max()))
    rates = columns["learning_rate"]
    rate = f"learning rate {rates[0]:.2g} to {rates[-1]:.2g}"
    figure.text(0.995, 0.005, rate, ha="right", va="bottom", fontsize=8, color=FAINT)
    save(figure, file)


def roc(targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], file: Path) -> None:
    """Draws the ROC curve of each class against the rest, with a log scale of the false positive rate.

    Args:
        targets: (clips,) index of the true label of each clip.
        scores: (clips, classes) posteriors.
        labels: (classes,) in the order of the scores.
        file: the PNG file.
    """
    from sklearn.metrics import auc, roc_curve

    def curve(of_class: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> Curve:
        false_rate, true_rate, _ = roc_curve(of_class, score, drop_intermediate=False)
        return false_rate, true_rate, float(auc(false_rate, true_rate))

    curves = _curves(targets, scores, labels, curve)
    figure, axes = _by_class(curves, "area under the curve")
    # A log scale has no zero. Half a clip represents zero false positives.
    lowest_rate = 0.5 / max(len(np.asarray(targets)), 2)
    lowest = min(
        (float(true_rate[false_rate <= lowest_rate].max()) for _, (false_rate, true_rate, _) in curves),
        default=0,
    )
    axes.set_xscale("log")
    axes.set_xlim(lowest_rate, 1)
    axes.set_ylim(np.floor(9.9 * lowest) / 10, 1.01)
    axes.set_xlabel("false positive rate (log scale)", color=INK)
    axes.set_ylabel("true positive rate", color=INK)
    axes.set_title("ROC curve of each class", **TITLE)
    save(figure, file)


def precision_recall(
    targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], file: Path
) -> None:
    """Draws precision over recall of each class against the rest. The arguments are those of ``roc``."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    def curve(of_class: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> Curve:
        precision, recall, _ = precision_recall_curve(of_class, score)
        return recall, precision, float(average_precision_score(of_class, score))

    figure, axes = _by_class(_curves(targets, scores, labels, curve), "average precision")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("recall", color=INK)
    axes.set_ylabel("precision", color=INK)
    axes.set_title("Precision and recall of each class", **TITLE)
    save(figure, file)


def _curves(
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    labels: Sequence[str],
    curve: Callable[[npt.NDArray[np.bool_], npt.NDArray[np.float64]], Curve],
) -> list[tuple[str, Curve]]:
    """Returns the curve of each class with positive and negative clips, in ascending order of the area."""
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    of_class = [truth == index for index in range(len(labels))]
    present = [index for index in range(len(labels)) if of_class[index].any() and not of_class[index].all()]
    curves = [(labels[index], curve(of_class[index], posteriors[:, index])) for index in present]
    return sorted(curves, key=lambda item: item[1][2])


def _by_class(curves: list[tuple[str, Curve]], area_name: str) -> tuple["Figure", "Axes"]:
    """Draws the curves and a legend. Those with the smallest areas are coloured, on top and first in the legend."""
    num_columns = 1 + max(len(curves) - 1, 0) // 20
    figure = new_figure(7.2 + 2.1 * num_columns, 5.4)
    axes = figure.subplots()
    apply_axes_style(axes)
    handles = []
    for rank, (label, (x, y, area)) in enumerate(curves):
        is_coloured = rank < len(COLOURS)
        # The area is first in the text because matplotlib omits labels that start with _ from legends.
        handles += axes.plot(
            x, y, color=COLOURS[rank] if is_coloured else OTHERS, linewidth=1.8 if is_coloured else 1.2,
            zorder=4 - rank / 100 if is_coloured else 2, label=f"{area:.3f}  {label}",
        )  # fmt: skip
    if handles:
        axes.legend(
            handles=handles, title=area_name, title_fontsize=9, fontsize=9, frameon=False,
            ncols=num_columns, loc="upper left", bbox_to_anchor=(1.01, 1.0), alignment="left",
        )  # fmt: skip
    return figure, axes


def _curves_over_epochs(
    axes: "Axes",
    epochs: npt.NDArray[np.float64],
    curves: Mapping[str, npt.NDArray[np.float64]],
    best: int,
) -> None:
    from matplotlib.ticker import MaxNLocator

    apply_axes_style(axes)
    marker = "o" if len(epochs) == 1 else None
    axes.axvline(epochs[best], color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)))
    for name, values in curves.items():
        colour, width, legend = LINES[name]
        axes.plot(epochs, values, color=colour, linewidth=width, marker=marker, label=legend)
        axes.plot(epochs[best], values[best], "o", color=colour, markersize=6, markeredgecolor="white")
    axes.set_xlabel("epoch", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.margins(y=0.12)
