"""Inline SVG charts: shapes, axes, and scales from values to coordinates.

A drawing has the width of a phone and is stretched to the available width. Its text is therefore never smaller than
specified here. The style sheet of the page sets the colours by class, so that they follow the light and dark schemes.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup

WIDTH = 340  # width of a chart on a page of 360 pixels
Scale = Callable[[float], float]
Point = tuple[float, float]
# Characters that XML 1.0 (section 2.2) does not allow. Labels may contain them.
FORBIDDEN = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if chr(code) not in "\t\n\r"}


class Drawing:
    """An SVG element under construction. Text is escaped when the element is serialized.

    Args:
        title: description for screen readers.
        height: height of the view box.
        width: width of the view box.
        kind: additional class of the element, for the style sheet.
    """

    def __init__(self, title: str, height: float, width: float = WIDTH, kind: str = "") -> None:
        self.width, self.height = width, height
        box = f"0 0 {_number(width)} {_number(height)}"
        self.root = ET.Element(
            "svg",
            {"viewBox": box, "class": f"chart {kind}".strip(), "role": "img", "aria-label": _text(title)},
        )

    def add(self, tag: str, style: str, tip: str = "", **attributes: float | str) -> ET.Element:
        """Adds a shape.

        Args:
            tag: name of the SVG element.
            style: classes for the style sheet.
            tip: text shown while the pointer is over the shape.
            attributes: attributes of the element; ``_`` in a name stands for ``-``.
        """
        values = {name.replace("_", "-"): _attribute(value) for name, value in attributes.items()}
        element = ET.SubElement(self.root, tag, {"class": style} | values)
        if tip:
            ET.SubElement(element, "title").text = _text(tip)
        return element

    def text(
        self, x: float, y: float, text: str, style: str = "", anchor: str = "start", **more: Any
    ) -> None:
        """Adds a line of text; ``anchor`` is start, middle or end."""
        self.add("text", style, x=x, y=y, text_anchor=anchor, **more).text = _text(text)

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        """Adds a straight line."""
        self.add("line", style, x1=x1, y1=y1, x2=x2, y2=y2)

    def polyline(self, points: Iterable[Point], style: str, tip: str = "") -> None:
        """Adds a line through the points."""
        coordinates = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self.add("polyline", style, tip, points=coordinates)

    def markup(self) -> Markup:
        """Returns the SVG element as markup that templates do not escape."""
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
    """Returns about ``count`` multiples of 1, 2 or 5 times a power of ten between ``low`` and ``high``."""
    rough = (high - low) / max(count, 1)
    if rough <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """Returns the powers of ten between ``low`` and ``high``."""
    return [
        10.0**n for n in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    ]


class Axes:
    """The field of a chart with grid, tick labels, curves and marks.

    Values outside of the scales are drawn on the edge of the field.

    Args:
        drawing: the drawing that receives the shapes.
        x: scale of the horizontal axis.
        y: scale of the vertical axis.
        box: left, top, right and bottom of the field.
    """

    def __init__(self, drawing: Drawing, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> None:
        self.drawing, self.x, self.y = drawing, x, y
        self.left, self.top, self.right, self.bottom = box

    def horizontal(self, values: Sequence[tuple[float, str]], name: str) -> None:
        """Adds grid lines and tick labels of the horizontal axis, and its name."""
        for value, text in values:
            self.drawing.line(self.x(value), self.top, self.x(value), self.bottom, "grid")
            self.drawing.text(self.x(value), self.bottom + 15, text, "tick", "middle")
        self.drawing.line(self.left, self.bottom, self.right, self.bottom, "axis")
        self.drawing.text(self.right, self.bottom + 31, name, "name", "end")

    def vertical(self, values: Sequence[tuple[float, str]], name: str) -> None:
        """Adds grid lines and tick labels of the vertical axis, and its name above the field."""
        for value, text in values:
            self.drawing.line(self.left, self.y(value), self.right, self.y(value), "grid")
            self.drawing.text(self.left - 6, self.y(value) + 4, text, "tick", "end")
        self.drawing.text(0, self.top - 10, name, "name")

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


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _attribute(value: float | str) -> str:
    return _text(value) if isinstance(value, str) else _number(value)


def _text(text: str) -> str:
    return text.translate(FORBIDDEN)
