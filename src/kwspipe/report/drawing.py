"""Charts as inline SVG: a drawing to put shapes on, and the scales between figures and places.

A drawing is made for the width of a phone and stretched to what room there is, so that its letters never become
smaller than they are here. Colours come from the page's style sheet, by class, so that they follow light and dark.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup

WIDTH = 340  # of a chart in a page 360 pixels wide
Scale = Callable[[float], float]
Point = tuple[float, float]
# What XML 1.0 does not allow in a document (section 2.2); labels may hold it.
FORBIDDEN = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if chr(code) not in "\t\n\r"}


class Drawing:
    """A picture under construction. Text of any content is safe: it is escaped when the picture is written.

    Args:
        title: what it shows, for those who cannot see it.
        height: in the units of the drawing.
        width: likewise.
        kind: further class of the element, for the style sheet.
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
            style: classes of the style sheet.
            tip: shown when a pointer rests on it.
            attributes: of the element; ``_`` in a name stands for ``-``.
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
        """Adds a line through points."""
        steps = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self.add("polyline", style, tip, points=steps)

    def markup(self) -> Markup:
        """Returns the picture, to stand in a page as it is."""
        return Markup(ET.tostring(self.root, encoding="unicode"))


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Returns the scale that takes ``low`` to ``start`` and ``high`` to ``end``."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Returns the logarithmic scale from ``low`` at ``start`` to ``high`` at ``end``; less than ``low`` stays there."""
    inner = linear(math.log10(low), math.log10(high), start, end)
    return lambda value: inner(math.log10(max(value, low)))


def ticks(low: float, high: float, count: int) -> list[float]:
    """Returns about ``count`` round numbers from ``low`` to ``high``: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(count, 1)
    if rough <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """Returns the powers of ten from ``low`` to ``high``."""
    return [
        10.0**n for n in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    ]


class Axes:
    """The frame of a chart: grid, ticks and their texts.

    Args:
        drawing: where to draw.
        x: scale of the horizontal axis; ``y`` of the vertical one.
        box: left, top, right and bottom of the field.
    """

    def __init__(self, drawing: Drawing, x: Scale, y: Scale, box: tuple[float, float, float, float]) -> None:
        self.drawing, self.x, self.y = drawing, x, y
        self.left, self.top, self.right, self.bottom = box

    def horizontal(self, values: Sequence[tuple[float, str]], name: str) -> None:
        """Marks values on the horizontal axis, with their texts, and names the axis."""
        for value, text in values:
            self.drawing.line(self.x(value), self.top, self.x(value), self.bottom, "grid")
            self.drawing.text(self.x(value), self.bottom + 15, text, "tick", "middle")
        self.drawing.line(self.left, self.bottom, self.right, self.bottom, "axis")
        self.drawing.text(self.right, self.bottom + 31, name, "name", "end")

    def vertical(self, values: Sequence[tuple[float, str]], name: str) -> None:
        """Marks values on the vertical axis, with their texts, and names the axis above it."""
        for value, text in values:
            self.drawing.line(self.left, self.y(value), self.right, self.y(value), "grid")
            self.drawing.text(self.left - 6, self.y(value) + 4, text, "tick", "end")
        self.drawing.text(0, self.top - 10, name, "name")

    def curve(self, xs: Sequence[float], ys: Sequence[float], style: str, tip: str = "") -> None:
        """Draws a line through (x, y) pairs in the units of the axes."""
        points = [(self.x(a), self.y(b)) for a, b in zip(xs, ys, strict=True)]
        self.drawing.polyline(points, f"curve {style}", tip)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _attribute(value: float | str) -> str:
    return _text(value) if isinstance(value, str) else _number(value)


def _text(text: str) -> str:
    return text.translate(FORBIDDEN)
