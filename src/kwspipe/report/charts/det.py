"""Detection error trade-off: missed keywords over false accepts per hour."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from kwspipe.report.charts.curves import BOX, HEIGHT, LEFT, RIGHT, SHARES, TOP
from kwspipe.report.drawing import Axes, Drawing, decades, linear, logarithmic

Mark = tuple[str, str, Mapping[str, Any]]  # style, name, false_accepts_per_hour and false_reject_rate


def draw(points: Sequence[Mapping[str, Any]], hours: float, marks: Sequence[Mark]) -> Markup | None:
    """Draws the curve and marks thresholds on it.

    Args:
        points: false_accepts_per_hour and false_reject_rate per threshold; None where the streams allow no value.
        hours: duration of the streams. The axis starts at the rate of half a false accept, which stands for zero.
        marks: thresholds to mark.

    Returns:
        The chart, or None if there are no points to draw.
    """
    measured = [point for point in points if None not in point.values()]
    if not measured or not hours:
        return None
    least = 0.5 / hours
    # At least one decade, so that the axis has a tick.
    most = max(10 * least, *(point["false_accepts_per_hour"] for point in measured))
    drawing = Drawing("Detection error trade-off: missed keywords over false accepts per hour", HEIGHT)
    axes = Axes(drawing, logarithmic(least, most, LEFT, RIGHT), linear(0, 1, BOX[3], TOP), BOX)
    axes.vertical([(value, f"{100 * value:g}") for value in SHARES], "missed keywords (%)")
    axes.horizontal([(value, f"{value:g}") for value in decades(least, most)], "false accepts per hour")
    xs = [point["false_accepts_per_hour"] for point in measured]
    axes.curve(xs, [point["false_reject_rate"] for point in measured], "validation")
    for style, name, mark in marks:
        accepts, rejects = mark.get("false_accepts_per_hour"), mark.get("false_reject_rate")
        if accepts is None or rejects is None:
            continue
        tip = f"{name}: {accepts:.2f} false accepts per hour, {100 * rejects:.1f} % missed"
        axes.dot(accepts, rejects, 5, style, tip)
    return drawing.markup()
