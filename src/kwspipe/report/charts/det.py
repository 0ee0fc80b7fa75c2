"""The detection error trade-off: missed words over false accepts an hour."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from kwspipe.report.charts.curves import BOX, HEIGHT, LEFT, RIGHT, TOP
from kwspipe.report.drawing import Axes, Drawing, decades, linear, logarithmic

Mark = tuple[str, str, Mapping[str, Any]]  # style, words, false_accepts_per_hour and false_reject_rate


def draw(points: Sequence[Mapping[str, Any]], hours: float, marks: Sequence[Mark]) -> Markup | None:
    """Draws the curve and the thresholds marked on it.

    Args:
        points: a threshold each: false_accepts_per_hour, false_reject_rate, None where there was nothing to count.
        hours: heard; half a false accept in them stands for none, which a logarithmic scale does not have.
        marks: thresholds in use.

    Returns:
        The chart; None where there is nothing to draw.
    """
    known = [point for point in points if None not in point.values()]
    if not known or not hours:
        return None
    least = 0.5 / hours
    most = max(2 * least, *(point["false_accepts_per_hour"] for point in known))
    drawing = Drawing("Detection error trade-off: keywords missed over false accepts an hour", HEIGHT)
    x, y = logarithmic(least, most, LEFT, RIGHT), linear(0, 1, BOX[3], TOP)
    axes = Axes(drawing, x, y, BOX)
    axes.vertical([(value, f"{100 * value:g}") for value in (0, 0.25, 0.5, 0.75, 1)], "keywords missed (%)")
    axes.horizontal([(value, f"{value:g}") for value in decades(least, most)], "false accepts an hour")
    xs = [point["false_accepts_per_hour"] for point in known]
    axes.curve(xs, [point["false_reject_rate"] for point in known], "validation")
    for style, words, mark in marks:
        accepts, rejects = mark.get("false_accepts_per_hour"), mark.get("false_reject_rate")
        if accepts is None or rejects is None:
            continue
        tip = f"{words}: {accepts:.2f} false accepts an hour, {100 * rejects:.1f} % missed"
        drawing.add("circle", f"dot {style}", tip, cx=x(accepts), cy=y(rejects), r=5)
    return drawing.markup()
