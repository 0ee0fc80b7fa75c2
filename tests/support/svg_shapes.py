"""Coordinates of the shapes of an SVG element."""

import re
import xml.etree.ElementTree as ET

NUMBER = r"-?\d+(?:\.\d+)?"


def svgs(markup: str) -> list[ET.Element]:
    """Returns the SVG elements of a chart, one for each width."""
    root = ET.fromstring(f"<div>{markup}</div>")
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == "svg"]


def outside(markup: str) -> list[str]:
    """Returns the shapes of the SVG elements of a chart that are not within its view box, as text.

    Radii of circles and extents of texts are not considered. NaN coordinates are outside.
    """
    found = svgs(markup)
    assert found
    return [ET.tostring(shape, encoding="unicode") for svg in found for shape in _outside(svg)]


def _outside(svg: ET.Element) -> list[ET.Element]:
    left, top, width, height = map(float, svg.attrib["viewBox"].split())
    return [
        shape
        for shape in svg.iter()
        for x, y in points(shape)
        if not (left <= x <= left + width and top <= y <= top + height)
    ]


def points(shape: ET.Element) -> list[tuple[float, float]]:
    """Returns the corners, ends or centre of a shape, or the anchor of a text."""
    value = {name: float(text) for name, text in shape.attrib.items() if re.fullmatch(f"{NUMBER}|nan", text)}
    match shape.tag.rpartition("}")[2]:
        case "line":
            return [(value["x1"], value["y1"]), (value["x2"], value["y2"])]
        case "rect":
            corner = (value["x"] + value["width"], value["y"] + value["height"])
            return [(value["x"], value["y"]), corner]
        case "circle":
            return [(value["cx"], value["cy"])]
        case "polyline" | "polygon":
            return [tuple(map(float, pair.split(","))) for pair in shape.attrib["points"].split()]  # type: ignore[misc]
        case "text":
            return [(value["x"], value["y"])]
    return []
