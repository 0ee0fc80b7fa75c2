"""Plot of the detection error trade-off (DET): missed keywords over false accepts per hour."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwspipe.config.threshold_text import threshold_text
from kwspipe.metrics.plot_style import (
    BALANCED,
    SOFT,
    VALIDATION,
    add_legend,
    apply_axes_style,
    new_figure,
    next_round,
    save,
    set_log_ticks,
    set_percent_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(streaming: Mapping[str, Any], file: Path) -> None:
    """Draws the curve, the operating point, and the configured threshold if another one was chosen.

    Args:
        streaming: ``streaming`` of metrics.json. If the streams have no keywords, or no audio without keywords, the
            plot has a note in place of the curve.
        file: the PNG file.
    """
    figure = new_figure(8.4, 6.8, "Detection error trade-off in streams")
    axes = figure.subplots()
    apply_axes_style(axes, "false accepts per hour, log scale", "keywords missed (%)")
    set_percent_ticks(axes, 0)
    points = [point for point in streaming["det"] if None not in point.values()]
    if not points:
        text = "no streams with keywords and audio without keywords"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=SOFT, fontsize=12)
        axes.set_xticks([])
        save(figure, file)
        return
    # A log scale has no zero. Half a false accept in the duration of the streams represents none.
    lowest = 0.5 / streaming["hours"]
    rates = [point["false_accepts_per_hour"] for point in points]
    set_log_ticks(axes, lowest, next_round(max(10 * lowest, *rates)))
    misses = [100 * point["false_reject_rate"] for point in points]
    handles = axes.plot(
        [max(rate, lowest) for rate in rates], misses, color=VALIDATION, linewidth=2.4, clip_on=False,
        label="thresholds from 0 to 100 %",
    )  # fmt: skip
    handles += _mark(axes, streaming.get("as_given"), lowest, SOFT, "configured threshold")
    handles += _mark(axes, streaming, lowest, BALANCED, "operating point")
    note = f"{streaming['hours']:.2f} h of {streaming['false_accepts_on']}. 0: no false accept in this time."
    add_legend(figure, handles, 1, note)
    save(figure, file)


def _mark(axes: "Axes", point: Mapping[str, Any] | None, lowest: float, colour: str, name: str) -> list[Any]:
    """Marks a threshold if it was measured. Returns its handle for the legend."""
    if not point or point["false_accepts_per_hour"] is None or point["false_reject_rate"] is None:
        return []
    rate, miss = point["false_accepts_per_hour"], 100 * point["false_reject_rate"]
    text = f"{name}: {threshold_text(point['threshold'])}, {rate:.1f} per hour, {miss:.1f} % missed"
    return axes.plot(
        max(rate, lowest), miss, "o", color=colour, markersize=10, markeredgecolor="white", clip_on=False,
        zorder=5, label=text,
    )  # fmt: skip
