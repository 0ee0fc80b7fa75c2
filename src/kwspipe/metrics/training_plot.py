"""Plot of the training: accuracy and loss over the epochs."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwspipe.metrics.plot_style import (
    BALANCED,
    DASHES,
    SOFT,
    TRAINING,
    VALIDATION,
    add_legend,
    apply_axes_style,
    integer_ticks,
    new_figure,
    save,
    set_percent_ticks,
)
from kwspipe.training.history import best as best_epoch
from kwspipe.training.history import read as read_history

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colour and legend of the columns of history.csv that are drawn.
LINES = {
    "accuracy": (TRAINING, "training"),
    "val_accuracy": (VALIDATION, "validation"),
    "val_balanced_accuracy": (BALANCED, "validation, mean recall of the classes"),
    "loss": (TRAINING, "training"),
    "val_loss": (VALIDATION, "validation"),
}
SHARES = ("accuracy", "val_accuracy", "val_balanced_accuracy")
MONITORS = {
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "val_balanced_accuracy": "mean recall of the classes on validation",
}


def training_curves(history: Path, monitor: str, file: Path) -> None:
    """Draws accuracy and loss over the epochs, and marks the best epoch. Epochs are counted from 1.

    Args:
        history: history.csv of the stage train.
        monitor: column by which the best epoch is chosen (``train.monitor``).
        file: the PNG file.

    Raises:
        KwspipeError: history.csv is missing, empty or damaged.
    """
    rows = read_history(history)
    best = best_epoch(rows, monitor)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    shares = {name: [100 * value for value in columns[name]] for name in SHARES if name in columns}
    losses = {name: columns[name] for name in ("loss", "val_loss")}
    value = columns[monitor][best]
    text = f"{value:.3f}" if monitor == "val_loss" else f"{100 * value:.1f} %"
    figure = new_figure(11, 5.2, "Training")
    accuracy, loss = figure.subplots(1, 2)
    apply_axes_style(accuracy, "epoch", "clips classified correctly (%)")
    apply_axes_style(loss, "epoch", "loss")
    handles = _curves(accuracy, shares, best)
    _curves(loss, losses, best)
    lowest = min(min(values) for values in shares.values())
    set_percent_ticks(accuracy, min(10 * math.floor(lowest / 10), 90))
    loss.set_ylim(0, 1.08 * max(max(values) for values in losses.values()))
    mark = f"best epoch: {best + 1} of {len(rows)}, {MONITORS.get(monitor, monitor)} {text}"
    handles.append(_vertical_line(accuracy, best, mark))
    add_legend(figure, handles, 2, _learning_rate(columns["learning_rate"]))
    save(figure, file)


def _learning_rate(rates: list[float]) -> str:
    first, last = f"{rates[0]:.2g}", f"{rates[-1]:.2g}"
    return f"Learning rate {first}" + (f", {last} at the end" if last != first else "")


def _curves(axes: "Axes", curves: Mapping[str, list[float]], best: int) -> list[Any]:
    """Draws curves over the epochs. Returns their handles for the legend."""
    num_epochs = len(next(iter(curves.values())))
    _vertical_line(axes, best, "")
    handles = []
    for name, values in curves.items():
        colour, legend = LINES[name]
        handles += axes.plot(range(1, num_epochs + 1), values, color=colour, linewidth=2.4, label=legend)
        axes.plot(best + 1, values[best], "o", color=colour, markersize=8, markeredgecolor="white")
    axes.set_xticks(integer_ticks(1, num_epochs))
    margin = 0.5 if num_epochs == 1 else 0.02 * (num_epochs - 1)
    axes.set_xlim(1 - margin, num_epochs + margin)
    return handles


def _vertical_line(axes: "Axes", best: int, label: str) -> Any:
    return axes.axvline(best + 1, color=SOFT, linewidth=1.2, linestyle=DASHES, label=label)
