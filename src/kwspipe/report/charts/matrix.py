"""Confusion matrix: correct clips in blue and confusions in orange, with an opacity that grows with their share."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from kwspipe.report.drawing import NARROW, WIDE, WIDTH_CLASSES, Drawing

STRONGEST_MISTAKE = 0.2  # share of the clips of a class at which a confusion has full opacity
# Cells are either pale with dark numbers (opacity from PALEST to DARKEST_PALE) or full with light numbers (strength of
# FULL or more). At the opacities between, neither number colour has the contrast of 4.5 that WCAG 2.2 requires.
FULL, PALEST, DARKEST_PALE = 0.75, 0.12, 0.5
# Cells have room for numbers of three digits. A matrix that is wider than the page is scrolled.
SMALLEST_CELL, LARGEST_CELL = 25.0, 44.0
MAX_BESIDE_TABLE = 12  # classes; the drawing of more classes has the width of the page
FULL_WIDTH = 1060.0
# Mean width of a letter in units of the drawing. Letters of East Asian scripts have twice the width.
LETTER_WIDTH = 7.6
MAX_LETTERS = 12
SLOPE = 0.5  # cos(60 degrees): horizontal extent of a column label over its length


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Markup:
    """Draws a confusion matrix for all widths, in elements that scroll a matrix that is wider than the page.

    Args:
        counts: (classes, classes) number of clips; rows are true labels, columns predicted labels.
        labels: (classes,)
    """
    full = WIDE if len(labels) <= MAX_BESIDE_TABLE else FULL_WIDTH
    parts = [
        Markup(
            '<div class="scroll {}" tabindex="0" role="region" aria-label="confusion matrix">{}</div>'
        ).format(WIDTH_CLASSES[width], _matrix(counts, labels, available))
        for width, available in ((NARROW, NARROW), (WIDE, full))
    ]
    return Markup("").join(parts)


def _matrix(counts: Sequence[Sequence[int]], labels: Sequence[str], available: float) -> Markup:
    names = [_short(label) for label in labels]
    head = LETTER_WIDTH * max(map(_letters, names)) + 10
    # Column labels start in the middle of their column and lean to the right.
    overhang = max(8 + SLOPE * LETTER_WIDTH * _letters(names[-1]), 2)
    cell = (available - head - overhang) / len(labels)
    cell = min(max(cell, SMALLEST_CELL), LARGEST_CELL)
    side = head + cell * len(labels)
    ends = [
        head + (index + 0.5) * cell + 8 + SLOPE * LETTER_WIDTH * _letters(name)
        for index, name in enumerate(names)
    ]
    width = max(side + 2, *ends)
    drawing = Drawing(f"Confusion matrix of {len(labels)} classes", side + 2, width, "matrix")
    # The drawing has its natural size, and may shrink a little on the smallest phones.
    smallest = width if width > NARROW else 0.85 * width
    drawing.root.set("style", f"width:{width:.0f}px;min-width:{smallest:.0f}px")
    for row, name in enumerate(names):
        middle = head + (row + 0.5) * cell
        drawing.text(head - 6, middle + 4.5, name, "label", "end")
        turned = f"rotate(-60 {middle + 3:.1f} {head - 6:.1f})"
        drawing.text(middle + 3, head - 6, name, "label", transform=turned)
    for row, values in enumerate(counts):
        total = sum(values)
        for column, count in enumerate(values):
            corner = (head + column * cell, head + row * cell)
            share = count / total if total else 0.0
            if row == column:
                tip = f"{labels[row]}: {count} of {total} correct"
            else:
                tip = f"{labels[row]} classified as {labels[column]}: {count} of {total}"
            _cell(drawing, corner, cell, count, share, row == column, tip)
    return drawing.markup()


def _cell(
    drawing: Drawing,
    corner: tuple[float, float],
    size: float,
    count: int,
    share: float,
    correct: bool,
    tip: str,
) -> None:
    x, y = corner
    square: dict[str, Any] = {
        "x": x + 0.75,
        "y": y + 0.75,
        "width": size - 1.5,
        "height": size - 1.5,
        "rx": 2.0,
    }
    drawing.add("rect", "cell", **square)
    if not count:
        return
    # The power makes a single confusion visible beside hundreds of correct clips.
    strength = share if correct else min(share / STRONGEST_MISTAKE, 1.0) ** 0.75
    full = strength >= FULL
    opacity = 1.0 if full else PALEST + (DARKEST_PALE - PALEST) * strength / FULL
    drawing.add("rect", "cell right" if correct else "cell wrong", tip, **square, fill_opacity=opacity)
    style = "count strong" if full else "count"
    # Wider numbers are compressed to the width of the cell.
    fits = LETTER_WIDTH * len(str(count)) <= size - 2
    fit = {} if fits else {"textLength": size - 3, "lengthAdjust": "spacingAndGlyphs"}
    drawing.text(x + size / 2, y + size / 2 + 4.5, str(count), style, "middle", **fit)


def _letters(text: str) -> int:
    """Returns the width of a text in letters of mean width."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _short(label: str) -> str:
    """Returns the label, cut to ``MAX_LETTERS``."""
    if _letters(label) <= MAX_LETTERS:
        return label
    while _letters(label) >= MAX_LETTERS:
        label = label[:-1]
    return f"{label}\N{HORIZONTAL ELLIPSIS}"
