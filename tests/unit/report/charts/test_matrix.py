"""Confusion matrix: every cell and label is within the view box."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.report.charts import matrix
from support.svg_shapes import outside, svgs

LABEL = st.text("abcdefgh_\N{HIRAGANA LETTER KA}\N{LATIN SMALL LETTER E WITH ACUTE}", min_size=1, max_size=30)


@settings(deadline=None, max_examples=50)
@given(st.lists(LABEL, min_size=1, max_size=15), st.data())
def test_it_stays_within_the_chart(labels: list[str], data: st.DataObject) -> None:
    row = st.lists(st.integers(0, 500), min_size=len(labels), max_size=len(labels))
    counts = data.draw(st.lists(row, min_size=len(labels), max_size=len(labels)))
    svg = matrix.confusion(counts, labels)
    assert outside(svg) == []
    for root in svgs(svg):
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for text in root.iter("text"):
            x, y, extent = float(text.attrib["x"]), float(text.attrib["y"]), _extent(text.text or "")
            if "transform" in text.attrib:  # a column label, turned by 60 degrees around its anchor
                assert x + math.cos(math.radians(60)) * extent <= width
                assert y - math.sin(math.radians(60)) * extent >= 0
            elif text.attrib["class"] == "label":
                assert x - extent >= 0
            assert y <= height


@pytest.mark.parametrize("num_classes", [3, 12, 13, 36])
def test_every_count_is_readable(num_classes: int) -> None:
    """Every cell has the size of a number of three digits, at any number of classes."""
    counts = [[100] * num_classes] * num_classes
    for root in svgs(matrix.confusion(counts, [f"word {n}" for n in range(num_classes)])):
        assert all(float(cell.attrib["width"]) >= matrix.SMALLEST_CELL - 1.5 for cell in root.iter("rect"))
        assert len([text for text in root.iter("text") if text.text == "100"]) == num_classes**2
        width = float(root.attrib["viewBox"].split()[2])
        shrunk = float(re.findall(r"min-width:(\d+)px", root.attrib["style"])[0]) / width
        assert shrunk >= 0.84


def _extent(text: str) -> float:
    """Returns the width of a text in the mean width of its letters."""
    wide = len(re.findall("[\N{HIRAGANA LETTER SMALL A}-\N{HIRAGANA LETTER N}]", text))
    return matrix.LETTER_WIDTH * (len(text) + wide)


def test_large_numbers_fit_into_their_cell() -> None:
    counts = [[0] * 8 for _ in range(8)]
    counts[0][:3] = [999, 1000, 12345]
    for root in svgs(matrix.confusion(counts, list("abcdefgh"))):
        texts = [text for text in root.iter("text") if text.attrib["class"] != "label"]
        cell = float(next(root.iter("rect")).attrib["width"]) + 1.5
        assert {text.text for text in texts} == {"999", "1000", "12345"}
        for text in texts:
            extent = float(text.get("textLength", matrix.LETTER_WIDTH * len(text.text or "")))
            assert extent <= cell - 2


def test_long_labels_are_cut() -> None:
    svg = matrix.confusion([[3]], ["a_very_long_keyword"])
    assert ">a_very_long\N{HORIZONTAL ELLIPSIS}<" in svg
    assert "a_very_long_keyword: 3 of 3 correct" in svg
