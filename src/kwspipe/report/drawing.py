"""Inline SVG charts: shapes, axes, and scales from values to coordinates.

Each chart is drawn for two widths. The style sheet shows the drawing that fits the available width, so that the text of
charts has nearly the size of the text of the page on phones and on desktops. The style sheet sets the colours by class,
so that they follow the light and dark schemes.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from kwspipe.metrics.plot_style import next_round
from kwspipe.report.formatting import THIN

NARROW, WIDE = 360.0, 520.0  # widths of charts on a phone, and in one of two columns of a desktop
WIDTH_CLASSES = {NARROW: "narrow", WIDE: "wide"}
LEFT, RIGHT_MARGIN, TOP = 40.0, 20.0, 28.0  # space around the field of a chart
TICK_HEIGHT, NAME_HEIGHT = 17.0, 35.0  # baselines of tick labels and name below the horizontal axis
Scale = Callable[[float], float]
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom
# Characters that XML 1.0 (section 2.2) does not allow. Labels may contain them.
FORBIDDEN = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if chr(code) not in "\t\n\r"}


def for_widths(draw: Callable[[float], Markup]) -> Markup:
    """Returns the drawings of a chart for all widths.

    Args:
        draw: function from the width of the view box to the chart.
    """
    return Markup("").join(draw(width) for width in WIDTH_CLASSES)


def field(width: float, top: float = TOP) -> Box:
    """Returns the field of a chart of a width, with space for tick labels and names."""
    return LEFT, top, width - RIGHT_MARGIN, top + 55 + 0.35 * width


class Drawing:
    """An SVG element under construction. Text is above all shapes and is escaped when the element is serialized.

    Args:
        title: description for screen readers.
        height: height of the view box.
        width: width of the view box.
        kind: additional class of the element, for the style sheet.
    """

    def __init__(self, title: str, height: float, width: float, kind: str = "") -> None:
        self.width, self.height = width, height
        box = f"0 0 {_number(width)} {_number(height)}"
        style = " ".join(filter(None, ("chart", WIDTH_CLASSES.get(width), kind)))
        self.root = ET.Element(
            "svg", {"viewBox": box, "class": style, "role": "img", "aria-label": _text(title)}
        )
        self._texts: list[ET.Element] = []

    def add(self, tag: str, style: str, tip: str = "", **attributes: float | str) -> ET.Element:
        """Adds a shape.

        Args:
            tag: name of the SVG element.
            style: classes for the style sheet.
            tip: text shown while the pointer is over the shape.
            attributes: attributes of the element; ``_`` in a name stands for ``-``.
        """
        element = ET.SubElement(self.root, tag, _attributes(style, attributes))
        if tip:
            ET.SubElement(element, "title").text = _text(tip)
        return element

    def text(
        self, x: float, y: float, text: str, style: str = "", anchor: str = "start", **more: Any
    ) -> None:
        """Adds a line of text; ``anchor`` is start, middle or end."""
        element = ET.Element("text", _attributes(style, {"x": x, "y": y, "text_anchor": anchor} | more))
        element.text = _text(text)
        self._texts.append(element)

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        """Adds a straight line."""
        self.add("line", style, x1=x1, y1=y1, x2=x2, y2=y2)

    def polyline(self, points: Iterable[Point], style: str, tip: str = "") -> None:
        """Adds a line through the points."""
        coordinates = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self.add("polyline", style, tip, points=coordinates)

    def markup(self) -> Markup:
        """Returns the SVG element as markup that templates do not escape."""
        self.root.extend(self._texts)
        self._texts = []
        return Markup(ET.tostring(self.root, encoding="unicode"))


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Returns the linear scale from ``low`` at ``start`` to ``high`` at ``end``."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Returns the logarithmic scale from ``low`` at ``start`` to ``high`` at ``end``; lower values map to ``start``."""
    exponent = linear(math.log10(low), math.log10(high), start, end)
    return lambda value: exponent(math.log10(max(value, low)))


def ticks(low: float, high: float, count: int) -> list[float]:
    """Returns about ``count`` multiples of 1, 2 or 5 times a power of ten that enclose ``low`` and ``high``."""
    step = next_round((high - low) / count) if high - low > 1e-12 else 1.0
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Returns ticks and labels of a logarithmic axis, with both ends.

    Args:
        low: left end, which stands for zero and has the label 0.
        high: right end.
    """
    span = math.log10(high / low)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inner = [factor * 10.0**n for n in exponents for factor in ((1,) if span > 2 else (1, 2, 5))]
    gap = 0.1 * span  # smallest distance of two labels
    placed = [low, high]
    for value in inner:
        if low < value < high and all(abs(math.log10(value / other)) > gap for other in placed):
            placed.append(value)
    return [(value, "0" if value == low else f"{value:,g}".replace(",", THIN)) for value in sorted(placed)]


class Axes:
    """The field of a chart with grid, tick labels, curves and marks.

    Values outside of the scales are drawn on the edge of the field.

    Args:
        drawing: the drawing that receives the shapes.
        x: scale of the horizontal axis.
        y: scale of the vertical axis.
        box: left, top, right and bottom of the field.
    """

    def __init__(self, drawing: Drawing, x: Scale, y: Scale, box: Box) -> None:
        self.drawing, self.x, self.y = drawing, x, y
        self.left, self.top, self.right, self.bottom = box

    def horizontal(self, values: Sequence[tuple[float, str]], name: str) -> None:
        """Adds grid lines and tick labels of the horizontal axis, and its name."""
        for value, text in values:
            self.drawing.line(self.x(value), self.top, self.x(value), self.bottom, "grid")
            self.drawing.text(self.x(value), self.bottom + TICK_HEIGHT, text, "tick", "middle")
        self.drawing.line(self.left, self.bottom, self.right, self.bottom, "axis")
        self.drawing.text(self.right, self.bottom + NAME_HEIGHT, name, "name", "end")

    def vertical(self, values: Sequence[tuple[float, str]], name: str) -> None:
        """Adds grid lines and tick labels of the vertical axis, and its name at the top of the drawing."""
        for value, text in values:
            self.drawing.line(self.left, self.y(value), self.right, self.y(value), "grid")
            self.drawing.text(self.left - 7, self.y(value) + 4, text, "tick", "end")
        self.drawing.text(0, 13, name, "name")

    def curve(self, xs: Sequence[float], ys: Sequence[float], style: str, tip: str = "") -> None:
        """Adds a line through (x, y) pairs in units of the axes."""
        points = [self.position(x, y) for x, y in zip(xs, ys, strict=True)]
        self.drawing.polyline(points, f"curve {style}", tip)

    def dot(self, x: float, y: float, radius: float, style: str, tip: str = "") -> None:
        """Adds a dot at a pair in units of the axes."""
        cx, cy = self.position(x, y)
        self.drawing.add("circle", f"dot {style}", tip, cx=cx, cy=cy, r=radius)

    def position(self, x: float, y: float) -> Point:
        """Returns the coordinates of a pair in units of the axes, limited to the field."""
        return (
            min(max(self.x(x), self.left), self.right),
            min(max(self.y(y), self.top), self.bottom),
        )


def _attributes(style: str, values: Mapping[str, Any]) -> dict[str, str]:
    return {"class": style} | {name.replace("_", "-"): _attribute(value) for name, value in values.items()}


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _attribute(value: float | str) -> str:
    return _text(value) if isinstance(value, str) else _number(value)


def _text(text: str) -> str:
    return text.translate(FORBIDDEN)
