"""Confusion matrix: every cell and label is within the view box."""

import math
import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from kwspipe.report.charts import matrix
from support.svg_shapes import outside

LABEL = st.text("abcdefgh_\N{HIRAGANA LETTER KA}\N{LATIN SMALL LETTER E WITH ACUTE}", min_size=1, max_size=30)


@given(st.lists(LABEL, min_size=1, max_size=30), st.data())
def test_it_stays_within_the_chart(labels: list[str], data: st.DataObject) -> None:
    row = st.lists(st.integers(0, 500), min_size=len(labels), max_size=len(labels))
    counts = data.draw(st.lists(row, min_size=len(labels), max_size=len(labels)))
    svg = matrix.confusion(counts, labels)
    assert outside(svg) == []
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for text in root.iter("text"):
        x, y, extent = float(text.attrib["x"]), float(text.attrib["y"]), _extent(text.text or "")
        if "transform" in text.attrib:  # a column label, turned by 60 degrees around its anchor
            assert x + math.cos(math.radians(60)) * extent <= width
            assert y - math.sin(math.radians(60)) * extent >= 0
        elif text.attrib["class"] == "tick":
            assert x - extent >= 0
        assert y <= height


def _extent(text: str) -> float:
    """Returns the width of a text in the mean width of its letters."""
    wide = len(re.findall("[\N{HIRAGANA LETTER SMALL A}-\N{HIRAGANA LETTER N}]", text))
    return matrix.LETTER_WIDTH * (len(text) + wide)


def test_large_numbers_fit_into_their_cell() -> None:
    texts = ET.fromstring(matrix.confusion([[999, 1000], [0, 12345]], ["a", "b"])).iter("text")
    lengths = {text.text: text.get("textLength") for text in texts if text.attrib["class"] != "tick"}
    assert lengths == {"999": None, "1000": "22", "12345": "22"}


def test_long_labels_are_cut() -> None:
    svg = matrix.confusion([[3]], ["a_very_long_keyword"])
    assert ">a_very_long\N{HORIZONTAL ELLIPSIS}<" in svg
    assert "a_very_long_keyword: 3 of 3 correct" in svg
