"""Detection error trade-off: missed keywords over false accepts per hour."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from kwspipe.metrics.plot_style import next_round
from kwspipe.report.charts.curves import BELOW
from kwspipe.report.drawing import (
    Axes,
    Box,
    Drawing,
    Point,
    field,
    for_widths,
    linear,
    log_ticks,
    logarithmic,
    ticks,
)

TOPS = (0.1, 0.2, 0.3, 0.5, 1.0)  # ends of the axis of missed keywords
HEADROOM = 1.25  # end of this axis over the largest figure of the marks
LETTER_WIDTH, LINE_HEIGHT = 6.5, 15.0  # of the labels of marks
DISTANCE = 10.0  # between a mark and its label
# Points of the line from a mark to its label, as shares of its length, without those in the mark.
LEADER_SHARES = tuple(step / 20 for step in range(8, 21))
SPACING, MAX_SAMPLES = 4.0, 2000  # of points of the curve that labels avoid
Samples = npt.NDArray[np.float64]


class Mark(NamedTuple):
    """A threshold on the curve.

    Attributes:
        style: class of the style sheet.
        name: first line of the label.
        figures: false_accepts_per_hour and false_reject_rate.
    """

    style: str
    name: str
    figures: Mapping[str, Any]


def draw(points: Sequence[Mapping[str, Any]], hours: float, marks: Sequence[Mark]) -> Markup | None:
    """Draws the curve and marks thresholds on it.

    The axis of missed keywords ends little above the largest figure of the marks, so that the region of interest fills
    the chart.

    Args:
        points: false_accepts_per_hour and false_reject_rate per threshold; None where the streams allow no value.
        hours: duration of the streams. The axis starts at the rate of half a false accept, which stands for zero.
        marks: thresholds to mark.

    Returns:
        The chart, or None if there are no points to draw.
    """
    curve = [(p["false_accepts_per_hour"], p["false_reject_rate"]) for p in points if None not in p.values()]
    if not curve or not hours:
        return None
    shown = [
        (mark, (mark.figures["false_accepts_per_hour"], mark.figures["false_reject_rate"]))
        for mark in marks
        if None not in (mark.figures.get("false_accepts_per_hour"), mark.figures.get("false_reject_rate"))
    ]
    low = 0.5 / hours
    # At least one decade, so that the axis has ticks.
    high = next_round(max(10 * low, *(accepts for accepts, _ in (*curve, *(point for _, point in shown)))))
    worst = max((rejects for _, (_, rejects) in shown), default=0.5)
    top = next((end for end in TOPS if end >= HEADROOM * worst), TOPS[-1])

    def draw_width(width: float) -> Markup:
        box = field(width)
        title = "Detection error trade-off: missed keywords over false accepts per hour"
        drawing = Drawing(title, box[3] + BELOW, width)
        axes = Axes(drawing, logarithmic(low, high, box[0], box[2]), linear(0, top, box[3], box[1]), box)
        axes.vertical(
            [(value / 100, f"{value:g}") for value in ticks(0, 100 * top, 5)], "missed keywords (%)"
        )
        axes.horizontal(log_ticks(low, high), "false accepts per hour")
        coordinates = [(axes.position(x, 0)[0], axes.y(y)) for x, y in sorted(curve, key=_by_accepts)]
        for run in _below_top(coordinates, box[1]):
            drawing.polyline(run, "curve validation")
        if places := _places(points, axes, box[1]):
            drawing.add("circle", "probe", r=6, cx=box[0], cy=box[3], data_points=places)
        _marks(axes, shown, _samples(coordinates), box)
        return drawing.markup()

    return for_widths(draw_width)


def _places(points: Sequence[Mapping[str, Any]], axes: Axes, top: float) -> str:
    """Returns the position of each threshold for the slider of the page, as ``threshold:x,y`` separated by spaces."""
    placed = []
    for point in points:
        if None not in point.values() and "threshold" in point:
            x, y = axes.position(point["false_accepts_per_hour"], 0)[0], axes.y(point["false_reject_rate"])
            placed.append(f"{point['threshold']}:{x:.1f},{max(y, top):.1f}")
    return " ".join(placed)


def _by_accepts(point: Point) -> tuple[float, float]:
    """Returns the order of points from left to right, at equal false accepts from top to bottom."""
    return point[0], -point[1]


def _below_top(points: Sequence[Point], top: float) -> list[list[Point]]:
    """Returns the parts of a line that are not above the upper edge of the field, in coordinates of the drawing."""
    runs: list[list[Point]] = [[points[0]]] if points[0][1] >= top else []
    for (x1, y1), (x2, y2) in pairwise(points):
        if (y1 < top) != (y2 < top):
            edge = (x1 + (top - y1) / (y2 - y1) * (x2 - x1), top)
            if y1 < top:
                runs.append([edge])
            else:
                runs[-1].append(edge)
        if y2 >= top:
            runs[-1].append((x2, y2))
    return runs


def _marks(axes: Axes, shown: Sequence[tuple[Mark, Point]], curve: Samples, box: Box) -> None:
    """Draws the marks, with labels of two lines that cover neither each other nor a mark and little of the curve."""
    centres = [axes.position(*point) for _, point in shown]
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in centres]
    for (mark, (accepts, rejects)), (x, y) in zip(shown, centres, strict=True):
        figures = f"{accepts:.3g} per hour, {100 * rejects:.1f} % missed"
        width = LETTER_WIDTH * max(len(mark.name), len(figures))
        area = min(_areas(x, y, width, box), key=lambda area: _cost(area, (x, y), box, taken, curve))
        taken.append(area)
        if leader := _leader((x, y), area):
            axes.drawing.line(*leader[0], *leader[1], "leader")
        axes.dot(accepts, rejects, 6, mark.style, f"{mark.name}: {figures}")
        for line, text in enumerate((mark.name, figures)):
            baseline = area[1] + LINE_HEIGHT * (line + 0.8)
            axes.drawing.text(area[0], baseline, text, "mark strong" if line == 0 else "mark")


def _leader(mark: Point, area: Box) -> tuple[Point, Point] | None:
    """Returns the line from a mark to its label, or None if the label is beside the mark."""
    end = (min(max(mark[0], area[0]), area[2]), min(max(mark[1], area[1]), area[3]))
    return (mark, end) if math.dist(mark, end) > 1.5 * DISTANCE else None


def _areas(x: float, y: float, width: float, box: Box) -> list[Box]:
    """Returns the candidates for a label, between the left and the right edge, the preferred ones first."""
    height = 2 * LINE_HEIGHT
    wanted = (x + DISTANCE, x - width / 2, x - DISTANCE - width)
    lefts = [max(min(left, box[2] - width), box[0] + DISTANCE / 2) for left in wanted]
    above = [y - height - DISTANCE * steps for steps in (0.5, 2, 4, 6, 8)]
    below = [y + DISTANCE * steps for steps in (0.5, 2, 4)]
    return [(left, top, left + width, top + height) for top in (*above, *below) for left in lefts]


def _cost(area: Box, mark: Point, box: Box, taken: Sequence[Box], curve: Samples) -> float:
    left, top, right, bottom = area
    outside = max(box[0] - left, 0) + max(right - box[2], 0) + max(box[1] - top, 0) + max(bottom - box[3], 0)
    overlaps = sum(left < b[2] and b[0] < right and top < b[3] and b[1] < bottom for b in taken)
    if leader := _leader(mark, area):
        (x1, y1), (x2, y2) = leader
        line = [(x1 + share * (x2 - x1), y1 + share * (y2 - y1)) for share in LEADER_SHARES]
        overlaps += sum(b[0] <= x <= b[2] and b[1] <= y <= b[3] for x, y in line for b in taken)
    x, y = curve.T
    covered = np.count_nonzero((left <= x) & (x <= right) & (top <= y) & (y <= bottom))
    return 100 * outside + 1000 * overlaps + float(covered)


def _samples(points: Sequence[Point]) -> Samples:
    """Returns (samples, 2) points of a line, at distances of about ``SPACING``."""
    corners = np.array(points)
    distance = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    positions = np.linspace(0, distance[-1], int(min(distance[-1] / SPACING, MAX_SAMPLES)) + 1)
    return np.stack([np.interp(positions, distance, column) for column in corners.T], axis=1)
