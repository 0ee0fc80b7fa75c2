"""Common style of the plots: the light colours of the report page, text sizes, axes, ticks and legends.

Figures are created without pyplot, which keeps global state, windows and memory. matplotlib is imported by the first
plot only, because the import takes long.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwspipe.metrics.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
INK, SOFT, LINE, FIELD, RIGHT, WRONG, TRAINING, VALIDATION, BALANCED, OTHERS = (
    LIGHT[name]
    for name in (
        "ink", "soft", "line", "field", "right", "wrong", "training", "validation", "balanced", "others",
    )
)  # fmt: skip
# Text is readable at half the size of the picture: 12 points are 20 pixels.
TEXT_SIZE, TITLE_SIZE = 12, 15
DASHES: Any = (0, (4, 3))
# Smallest distance of two tick labels, as a share of the axis.
MIN_TICK_DISTANCE = 0.07


def new_figure(width_inches: float, height_inches: float, title: str) -> "Figure":
    """Returns a figure with a title that pyplot does not register."""
    from matplotlib.figure import Figure

    figure = Figure((width_inches, height_inches), dpi=DPI, facecolor="white", layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE_SIZE, fontweight="bold", color=INK)
    return figure


def save(figure: "Figure", file: Path) -> None:
    """Writes a figure as PNG."""
    # Without the version of matplotlib in the metadata, equal figures give equal files.
    figure.savefig(file, format="png", metadata={"Software": None}, bbox_inches="tight", pad_inches=0.15)


def apply_axes_style(axes: "Axes", x_name: str, y_name: str) -> None:
    """Reduces the frame to the bottom line, draws a light grid and names the axes.

    The name of the vertical axis is above it.
    """
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(SOFT)
    axes.tick_params(which="both", colors=SOFT, labelcolor=INK, length=0, labelsize=TEXT_SIZE)
    axes.grid(True, color=LINE, linewidth=0.9)
    axes.set_axisbelow(True)
    axes.set_xlabel(x_name, color=SOFT, fontsize=TEXT_SIZE, loc="right")
    axes.set_title(y_name, color=SOFT, fontsize=TEXT_SIZE, loc="left", pad=10)


def add_legend(figure: "Figure", handles: Sequence[Any], num_columns: int, note: str = "") -> None:
    """Draws a legend below the axes, with a note above its entries."""
    figure.legend(
        handles=handles, loc="outside lower left", ncols=num_columns, frameon=False, alignment="left",
        fontsize=TEXT_SIZE, labelcolor=INK, title=note or None, title_fontproperties={"size": TEXT_SIZE},
        handlelength=1.6, columnspacing=1.6,
    )  # fmt: skip


def integer_ticks(first: int, last: int, count: int = 6) -> list[int]:
    """Returns about ``count`` integers from ``first`` to ``last``. Both ends are included."""
    span = last - first
    steps = (factor * 10**power for power in range(10) for factor in (1, 2, 5))
    step = next(step for step in steps if step * count >= span)
    inner = range(step * math.ceil(first / step), last, step)
    return sorted({first, *(n for n in inner if n - first >= step / 2 and last - n >= step / 2), last})


def set_percent_ticks(axes: "Axes", low: float) -> None:
    """Sets the range of the vertical axis from ``low`` to 100 percent, with margins for lines at both ends."""
    ticks = integer_ticks(round(low), 100, 5)
    axes.set_yticks(ticks)
    margin = 0.02 * (100 - low)
    axes.set_ylim(low - margin, 100 + margin)


def set_log_ticks(axes: "Axes", low: float, high: float) -> None:
    """Sets a logarithmic horizontal axis, with tick labels at both ends.

    Args:
        axes: the axes.
        low: left end, which represents zero and has the label 0.
        high: right end.
    """
    span = math.log10(high / low)
    factors = (1,) if span > 2.5 else (1, 2, 5)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inner = [factor * 10.0**power for power in powers for factor in factors]
    ticks = [low, high]
    for tick in inner:
        if all(abs(math.log10(tick / other)) > MIN_TICK_DISTANCE * span for other in ticks):
            ticks += [tick] if low < tick < high else []
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, ["0", *(f"{tick:g}" for tick in ticks[1:])])
    axes.minorticks_off()


def next_round(value: float) -> float:
    """Returns the smallest of 1, 2 and 5 times a power of ten that is not below ``value``."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * 0.999))
