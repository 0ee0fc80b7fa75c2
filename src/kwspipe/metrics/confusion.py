"""Plot of the confusion matrix: correct clips in blue, mistakes in orange."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kwspipe.metrics.plot_style import FAINT, INK, TITLE, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Lightest and darkest colour.
CORRECT, WRONG = ("#f2f8fc", "#0b4f7d"), ("#fff4ec", "#b43403")
# Share of a class from which a mistake has the darkest colour.
DARKEST_MISTAKE = 0.2


def confusion(counts: npt.ArrayLike, labels: Sequence[str], file: Path) -> None:
    """Draws the number of clips and the percentage of the true class in each cell, with recall and precision.

    Args:
        counts: (classes, classes) number of clips, with one row per true label and one column per predicted label.
        labels: (classes,) labels.
        file: the PNG file.
    """
    matrix = np.asarray(counts, np.int64)
    num_classes = len(labels)
    cell_inches = 0.78 if num_classes <= 12 else 0.6
    side = cell_inches * (num_classes + 1)
    longest = max(len(label) for label in labels)
    figure = new_figure(side + 0.085 * longest + 1.2, side + 0.06 * longest + 1.1)
    axes = figure.subplots()
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    shares = matrix / np.maximum(rows, 1)[:, np.newaxis]
    axes.imshow(
        _colours(shares), extent=(-0.5, num_classes - 0.5, num_classes - 0.5, -0.5), interpolation="nearest"
    )
    small = num_classes > 12
    for row, column in np.ndindex(*matrix.shape):
        if matrix[row, column]:
            _cell(
                axes, column, row, int(matrix[row, column]), float(shares[row, column]), row == column, small
            )
    hits = np.diag(matrix)
    for index in range(num_classes):
        _margin(axes, num_classes, index, hits[index], rows[index], small)
        _margin(axes, index, num_classes, hits[index], columns[index], small)
    _frame(axes, labels, rows, matrix, hits)
    save(figure, file)


def _colours(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns (classes, classes, 3) RGB colours for the shares of the true classes. A share of 0 is white."""
    from matplotlib.colors import LinearSegmentedColormap

    correct = LinearSegmentedColormap.from_list("correct", CORRECT)(shares)
    # The exponent makes a single mistake among hundreds of clips visible.
    wrong = LinearSegmentedColormap.from_list("wrong", WRONG)(np.minimum(shares / DARKEST_MISTAKE, 1) ** 0.75)
    on_diagonal = np.eye(len(shares), dtype=bool)[..., np.newaxis]
    colours = np.where(on_diagonal, correct, wrong)[..., :3]
    colours[shares == 0] = 1.0
    return np.asarray(colours)


def _cell(axes: "Axes", x: float, y: float, count: int, share: float, correct: bool, small: bool) -> None:
    dark = share > 0.5 if correct else share > 0.5 * DARKEST_MISTAKE
    colour = "white" if dark else INK
    percent = f"{100 * share:.1f}%" if share < 0.0995 else f"{100 * share:.0f}%"
    axes.text(x, y - 0.13, f"{count}", ha="center", va="center", color=colour, fontsize=7.5 if small else 11)
    axes.text(x, y + 0.24, percent, ha="center", va="center", color=colour, fontsize=5.5 if small else 7.5)


def _margin(axes: "Axes", x: float, y: float, hits: int, total: int, small: bool) -> None:
    text = f"{100 * hits / total:.1f}" if total else "-"
    size = 7 if small else 9.5
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color=INK, fontweight="bold")


def _frame(
    axes: "Axes",
    labels: Sequence[str],
    rows: npt.NDArray[np.int64],
    matrix: npt.NDArray[np.int64],
    hits: npt.NDArray[np.int64],
) -> None:
    num_classes = len(labels)
    axes.set_xlim(-0.5, num_classes + 0.5)
    axes.set_ylim(num_classes + 0.5, -0.5)
    ticks: dict[str, Any] = {"fontsize": 9 if num_classes <= 12 else 8, "color": INK}
    axes.set_xticks(range(num_classes + 1), [*labels, "recall %"], rotation=45, ha="left", **ticks)
    row_names = [f"{label}  ({count})" for label, count in zip(labels, rows, strict=True)]
    axes.set_yticks(range(num_classes + 1), [*row_names, "precision %"], **ticks)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    for edge in np.arange(-0.5, num_classes + 0.5):
        span = [-0.5, num_classes - 0.5]
        axes.plot([edge, edge], span, color="white", linewidth=1.2)
        axes.plot(span, [edge, edge], color="white", linewidth=1.2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_ylabel("true label (clips)", color=FAINT)
    axes.set_xlabel("predicted label", color=FAINT)
    clips = int(matrix.sum())
    accuracy = f"{100 * hits.sum() / clips:.1f} %" if clips else "no clips"
    axes.set_title(f"Confusion matrix: {accuracy} of {clips} clips correct", **(TITLE | {"pad": 14}))
