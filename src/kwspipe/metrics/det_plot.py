"""Plot of the detection error trade-off (DET): missed keywords over false accepts per hour."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwspipe.metrics.plot_style import FAINT, INK, TITLE, apply_axes_style, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE, IN_USE, CONFIGURED = "#0b69a3", "#d55e00", "#7b8794"


def plot(streaming: Mapping[str, Any], file: Path) -> None:
    """Draws the curve, the threshold in use, and the configured threshold if another one was chosen.

    Args:
        streaming: ``streaming`` of metrics.json. If the streams have no keywords, or no audio without keywords, the
            plot has a note in place of the curve.
        file: the PNG file.
    """
    figure = new_figure(7.2, 5.0)
    axes = figure.subplots()
    apply_axes_style(axes)
    axes.set_title("Missed keywords and false accepts", **TITLE)
    axes.set_xlabel(f"false accepts per hour, on {streaming['false_accepts_on']} (log scale)", color=INK)
    axes.set_ylabel("keywords missed (%)", color=INK)
    axes.set_ylim(-2, 102)
    axes.grid(True, color="#e4e7eb", linewidth=0.8)
    points = [point for point in streaming["det"] if None not in point.values()]
    if not points:
        axes.text(0.5, 0.5, "no streams to measure", transform=axes.transAxes, ha="center", color=FAINT)
        save(figure, file)
        return
    # A log scale has no zero. Half a false accept in the duration of the streams represents none.
    lowest = 0.5 / streaming["hours"]
    axes.set_xscale("log")
    axes.plot(
        [max(point["false_accepts_per_hour"], lowest) for point in points],
        [100 * point["false_reject_rate"] for point in points],
        color=CURVE,
        linewidth=2,
    )
    _mark(axes, streaming, lowest, IN_USE, "in use")
    _mark(axes, streaming.get("as_given"), lowest, CONFIGURED, "configured")
    axes.axvline(lowest, color=FAINT, linewidth=0.8, linestyle=":")
    axes.annotate("none", (lowest, 0), xytext=(3, 3), textcoords="offset points", color=FAINT, fontsize=8)
    save(figure, file)


def _mark(axes: "Axes", point: Mapping[str, Any] | None, lowest: float, colour: str, name: str) -> None:
    """Marks a threshold if it was measured."""
    if not point or point["false_accepts_per_hour"] is None or point["false_reject_rate"] is None:
        return
    x, y = max(point["false_accepts_per_hour"], lowest), 100 * point["false_reject_rate"]
    axes.plot(x, y, "o", color=colour, markersize=8, markeredgecolor="white")
    axes.annotate(
        f"{name}: {point['threshold']}",
        (x, y),
        xytext=(8, 6),
        textcoords="offset points",
        color=colour,
        fontsize=9,
    )
