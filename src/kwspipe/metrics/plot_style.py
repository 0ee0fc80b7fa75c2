"""Common style of the plots.

Figures are created without pyplot, which keeps global state, windows and memory. matplotlib is imported by the first
plot only, because the import takes long.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
INK, FAINT, GRID = "#1f2933", "#7b8794", "#e4e7eb"
TITLE: dict[str, Any] = {"loc": "left", "fontsize": 12, "fontweight": "bold", "color": INK, "pad": 10}


def new_figure(width_inches: float, height_inches: float) -> "Figure":
    """Returns an empty figure that pyplot does not register."""
    from matplotlib.figure import Figure

    return Figure((width_inches, height_inches), dpi=DPI, facecolor="white", layout="constrained")


def save(figure: "Figure", file: Path) -> None:
    """Writes a figure as PNG."""
    # Without the version of matplotlib in the metadata, equal figures give equal files.
    figure.savefig(file, format="png", metadata={"Software": None}, bbox_inches="tight", pad_inches=0.15)


def apply_axes_style(axes: "Axes") -> None:
    """Reduces the frame to the bottom line and draws a light grid."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(colors=FAINT, labelcolor=INK, length=0, labelsize=9)
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
