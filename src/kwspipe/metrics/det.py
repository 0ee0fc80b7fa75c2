"""The detection error trade-off as PNG: missed words over false accepts per hour."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwspipe.metrics.figure import FAINT, INK, TITLE, new_figure, plain, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE, CHOSEN, GIVEN = "#0b69a3", "#d55e00", "#7b8794"


def plot(streaming: Mapping[str, Any], file: Path) -> None:
    """Draws the curve, the threshold in use, and where it was given otherwise, that one.

    Args:
        streaming: as metrics.json has it; one without sound or without keywords gives an empty plot that says so.
        file: the PNG to write.
    """
    figure = new_figure(7.2, 5.0)
    axes = figure.subplots()
    plain(axes)
    axes.set_title("Missed words and false accepts", **TITLE)
    axes.set_xlabel(f"false accepts an hour, on {streaming['false_accepts_on']} (log scale)", color=INK)
    axes.set_ylabel("keywords missed (%)", color=INK)
    axes.set_ylim(-2, 102)
    axes.grid(True, color="#e4e7eb", linewidth=0.8)
    points = [point for point in streaming["det"] if None not in point.values()]
    if not points:
        axes.text(0.5, 0.5, "nothing to measure on", transform=axes.transAxes, ha="center", color=FAINT)
        save(figure, file)
        return
    # A log scale has no zero: half a false accept in all that was heard stands for none.
    least = 0.5 / streaming["hours"]
    axes.set_xscale("log")
    axes.plot(
        [max(point["false_accepts_per_hour"], least) for point in points],
        [100 * point["false_reject_rate"] for point in points],
        color=CURVE,
        linewidth=2,
    )
    _mark(axes, streaming, least, CHOSEN, "in use")
    _mark(axes, streaming.get("as_given"), least, GIVEN, "as given")
    axes.axvline(least, color=FAINT, linewidth=0.8, linestyle=":")
    axes.annotate(
        "none heard", (least, 0), xytext=(3, 3), textcoords="offset points", color=FAINT, fontsize=8
    )
    save(figure, file)


def _mark(axes: "Axes", point: Mapping[str, Any] | None, least: float, colour: str, name: str) -> None:
    """Marks a threshold, where there is one and it was measured."""
    if not point or point["false_accepts_per_hour"] is None or point["false_reject_rate"] is None:
        return
    x, y = max(point["false_accepts_per_hour"], least), 100 * point["false_reject_rate"]
    axes.plot(x, y, "o", color=colour, markersize=8, markeredgecolor="white")
    axes.annotate(
        f"{name}: {point['threshold']}",
        (x, y),
        xytext=(8, 6),
        textcoords="offset points",
        color=colour,
        fontsize=9,
    )
