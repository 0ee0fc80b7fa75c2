"""Plots as PNG: confusion matrix, training curves, ROC and precision-recall by class."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kwspipe.errors import KwspipeError
from kwspipe.metrics.confusion import confusion
from kwspipe.metrics.figure import FAINT, INK, TITLE, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion", "precision_recall", "roc", "training_curves"]

TRAINING, VALIDATION = "#9aa5b1", "#0b69a3"
# Okabe and Ito's colours, told apart by colour-blind readers too (https://jfly.uni-koeln.de/color/); for the
# classes with the worst figures, in this order. The other classes are drawn in grey.
COLOURS = ("#d55e00", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00", "#1f2933")
OTHERS = "#c3cad2"
Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]
HISTORY_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def training_curves(history: Path, file: Path) -> None:
    """Draws accuracy, loss and learning rate over the epochs.

    Args:
        history: history.csv as train leaves it.
        file: the PNG to write.

    Raises:
        KwspipeError: history.csv is missing, empty or damaged.
    """
    columns = _read_history(history)
    figure = new_figure(10.5, 4.2)
    accuracy, loss = figure.subplots(1, 2)
    epochs = columns["epoch"]
    _curve(accuracy, epochs, 100 * columns["accuracy"], 100 * columns["val_accuracy"], np.argmax, "{:.1f} %")
    _curve(loss, epochs, columns["loss"], columns["val_loss"], np.argmin, "{:.3f}")
    accuracy.set_title("Accuracy (%)", **TITLE)
    loss.set_title("Loss", **TITLE)
    accuracy.legend(loc="lower right", frameon=False, fontsize=9)
    loss.set_ylim(0, 1.1 * max(columns["loss"].max(), columns["val_loss"].max()))
    rates = columns["learning_rate"]
    figure.text(
        0.995,
        0.005,
        f"learning rate {rates[0]:.2g} to {rates[-1]:.2g}",
        ha="right",
        va="bottom",
        fontsize=8,
        color=FAINT,
    )
    save(figure, file)


def roc(targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], file: Path) -> None:
    """Draws, for each class against the rest, true positives over false positives; the latter on a log scale.

    Args:
        targets: (clips,) index of each clip's true label.
        scores: (clips, classes) posteriors.
        labels: (classes,) in the order of the scores.
        file: the PNG to write.
    """
    from sklearn.metrics import auc, roc_curve

    def curve(of_class: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> Curve:
        false_rate, true_rate, _ = roc_curve(of_class, score, drop_intermediate=False)
        return false_rate, true_rate, float(auc(false_rate, true_rate))

    curves = _curves(targets, scores, labels, curve)
    figure, axes = _by_class(curves, "area under the curve")
    # Half a clip is the left end: zero false positives, which a log scale does not have, lie there.
    left = 0.5 / max(len(np.asarray(targets)), 2)
    lowest = min(
        (float(true_rate[false_rate <= left].max()) for _, (false_rate, true_rate, _) in curves), default=0
    )
    axes.set_xscale("log")
    axes.set_xlim(left, 1)
    axes.set_ylim(np.floor(9.9 * lowest) / 10, 1.01)
    axes.set_xlabel("clips of other classes taken for it (share, log scale)", color=INK)
    axes.set_ylabel("its own clips found", color=INK)
    axes.set_title("ROC by class", **TITLE)
    save(figure, file)


def precision_recall(
    targets: npt.ArrayLike, scores: npt.ArrayLike, labels: Sequence[str], file: Path
) -> None:
    """Draws precision over recall for each class against the rest; arguments as for ``roc``."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    def curve(of_class: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> Curve:
        precision, recall, _ = precision_recall_curve(of_class, score)
        return recall, precision, float(average_precision_score(of_class, score))

    figure, axes = _by_class(_curves(targets, scores, labels, curve), "average precision")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("recall: its own clips found", color=INK)
    axes.set_ylabel("precision: right when called", color=INK)
    axes.set_title("Precision and recall by class", **TITLE)
    save(figure, file)


def _curves(
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    labels: Sequence[str],
    curve: Callable[[npt.NDArray[np.bool_], npt.NDArray[np.float64]], Curve],
) -> list[tuple[str, Curve]]:
    """A curve for each class that has clips and is not alone, the worst first."""
    truth, posteriors = np.asarray(targets, np.int64), np.asarray(scores, np.float64)
    of_class = [truth == index for index in range(len(labels))]
    present = [index for index in range(len(labels)) if of_class[index].any() and not of_class[index].all()]
    found = [(labels[index], curve(of_class[index], posteriors[:, index])) for index in present]
    return sorted(found, key=lambda item: item[1][2])


def _by_class(curves: list[tuple[str, Curve]], figure_of_merit: str) -> tuple["Figure", "Axes"]:
    """Draws the curves, the worst on top and in colour, with a legend that begins with the worst."""
    num_columns = 1 + max(len(curves) - 1, 0) // 20
    figure = new_figure(7.2 + 2.1 * num_columns, 5.4)
    axes = figure.subplots()
    plain(axes)
    handles = []
    for place, (label, (x, y, merit)) in enumerate(curves):
        worst = place < len(COLOURS)
        # matplotlib leaves labels that begin with _ out of legends, hence the figure before the label.
        handles += axes.plot(
            x, y, color=COLOURS[place] if worst else OTHERS, linewidth=1.8 if worst else 1.2,
            zorder=4 - place / 100 if worst else 2, label=f"{merit:.3f}  {label}",
        )  # fmt: skip
    if handles:
        axes.legend(
            handles=handles, title=figure_of_merit, title_fontsize=9, fontsize=9, frameon=False,
            ncols=num_columns, loc="upper left", bbox_to_anchor=(1.01, 1.0), alignment="left",
        )  # fmt: skip
    return figure, axes


def _curve(
    axes: "Axes",
    epochs: npt.NDArray[np.float64],
    training: npt.NDArray[np.float64],
    validation: npt.NDArray[np.float64],
    best_of: Callable[[Any], Any],
    form: str,
) -> None:
    from matplotlib.ticker import MaxNLocator

    plain(axes)
    marker = "o" if len(epochs) == 1 else None
    axes.plot(epochs, training, color=TRAINING, linewidth=1.8, marker=marker, label="training")
    axes.plot(epochs, validation, color=VALIDATION, linewidth=2.2, marker=marker, label="validation")
    best = int(best_of(validation))
    axes.plot(epochs[best], validation[best], "o", color=VALIDATION, markersize=7, markeredgecolor="white")
    text = f"best on validation: {form.format(validation[best])}, epoch {epochs[best]:.0f}"
    axes.set_title(text, loc="right", fontsize=9, color=VALIDATION, pad=10)
    axes.set_xlabel("epoch", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.margins(y=0.12)


def _read_history(history: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of history.csv by name."""
    try:
        with history.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = {name: np.array([float(row[name]) for row in rows]) for name in HISTORY_COLUMNS}
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        problem = f"is damaged: {type(error).__name__} {error}"
    else:
        if rows:
            return columns
        problem = "has no epochs"
    raise KwspipeError(
        str(history), problem, f"a row an epoch with {', '.join(HISTORY_COLUMNS)}", "run train again"
    )
