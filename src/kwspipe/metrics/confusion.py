"""Plot of the confusion matrix: correct clips in blue, mistakes in orange."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kwspipe.metrics.plot_style import FIELD, INK, RIGHT, SOFT, TEXT_SIZE, WRONG, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Lightest colour of correct clips and of mistakes.
LIGHT_RIGHT, LIGHT_WRONG = "#e3f0f9", "#fdeadd"
# Share of a class from which a mistake has the darkest colour.
DARKEST_MISTAKE = 0.2
MAX_PERCENT_CLASSES = 16  # matrices of more classes show counts only; the colours show the shares
CELL_INCHES, SMALL_CELL_INCHES = 0.95, 0.58
CHARACTER_INCHES = 0.11


def confusion(counts: npt.ArrayLike, labels: Sequence[str], file: Path) -> None:
    """Draws the number of clips and the percentage of the true class in each cell, with recall and precision.

    Args:
        counts: (classes, classes) number of clips, with one row per true label and one column per predicted label.
        labels: (classes,) labels.
        file: the PNG file.
    """
    matrix = np.asarray(counts, np.int64)
    num_classes = len(labels)
    small = num_classes > MAX_PERCENT_CLASSES
    side = (SMALL_CELL_INCHES if small else CELL_INCHES) * (num_classes + 1)
    margin = 1.2 + CHARACTER_INCHES * max(len(label) for label in labels)
    clips, hits = int(matrix.sum()), np.diag(matrix)
    accuracy = f"{100 * hits.sum() / clips:.1f} %" if clips else "no clips"
    figure = new_figure(
        side + margin, side + margin, f"Confusion matrix: {accuracy} of {clips} clips correct"
    )
    axes = figure.subplots()
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    shares = matrix / np.maximum(rows, 1)[:, np.newaxis]
    extent = (-0.5, num_classes - 0.5, num_classes - 0.5, -0.5)
    axes.imshow(_colours(matrix, shares), extent=extent, interpolation="nearest")
    for row, column in np.ndindex(*matrix.shape):
        if matrix[row, column]:
            _cell(axes, (row, column), int(matrix[row, column]), float(shares[row, column]), small)
    for index in range(num_classes):
        _margin(axes, num_classes, index, hits[index], rows[index], small)
        _margin(axes, index, num_classes, hits[index], columns[index], small)
    _frame(axes, labels, rows)
    save(figure, file)


def _colours(matrix: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns (classes, classes, 3) RGB colours for the shares of the true classes. Empty cells are grey."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    correct = LinearSegmentedColormap.from_list("correct", (LIGHT_RIGHT, RIGHT))(shares)
    # The exponent makes a single mistake among hundreds of clips visible.
    strength = np.minimum(shares / DARKEST_MISTAKE, 1) ** 0.75
    wrong = LinearSegmentedColormap.from_list("wrong", (LIGHT_WRONG, WRONG))(strength)
    on_diagonal = np.eye(len(shares), dtype=bool)[..., np.newaxis]
    colours = np.where(on_diagonal, correct, wrong)[..., :3]
    colours[matrix == 0] = to_rgb(FIELD)
    return np.asarray(colours)


def _cell(axes: "Axes", place: tuple[int, int], count: int, share: float, small: bool) -> None:
    row, column = place
    dark = share > (0.5 if row == column else 0.5 * DARKEST_MISTAKE)
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": "white" if dark else INK}
    if small:
        axes.text(column, row, f"{count}", fontsize=TEXT_SIZE, **style)
        return
    percent = f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"
    axes.text(column, row - 0.14, f"{count}", fontsize=15, **style)
    axes.text(column, row + 0.24, percent, fontsize=11.5, **style)


def _margin(axes: "Axes", x: float, y: float, hits: int, total: int, small: bool) -> None:
    text = (f"{100 * hits / total:.0f}" if small else f"{100 * hits / total:.1f} %") if total else "-"
    axes.text(x, y, text, ha="center", va="center", fontsize=TEXT_SIZE, color=INK, fontweight="bold")


def _frame(axes: "Axes", labels: Sequence[str], rows: npt.NDArray[np.int64]) -> None:
    num_classes = len(labels)
    axes.set_xlim(-0.5, num_classes + 0.5)
    axes.set_ylim(num_classes + 0.5, -0.5)
    text: dict[str, Any] = {"fontsize": TEXT_SIZE, "color": INK}
    unit = " (%)" if num_classes > MAX_PERCENT_CLASSES else ""
    axes.set_xticks(
        range(num_classes + 1),
        [*labels, f"recall{unit}"],
        rotation=45,
        ha="left",
        rotation_mode="anchor",
        **text,
    )
    row_names = [f"{label} ({count})" for label, count in zip(labels, rows, strict=True)]
    axes.set_yticks(range(num_classes + 1), [*row_names, f"precision{unit}"], **text)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    span = [-0.5, num_classes - 0.5]
    for edge in np.arange(-0.5, num_classes + 0.5):
        axes.plot([edge, edge], span, color="white", linewidth=2)
        axes.plot(span, [edge, edge], color="white", linewidth=2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_ylabel("true class (clips)", color=SOFT, fontsize=TEXT_SIZE, labelpad=10)
    axes.set_xlabel("predicted class", color=SOFT, fontsize=TEXT_SIZE, labelpad=10)
