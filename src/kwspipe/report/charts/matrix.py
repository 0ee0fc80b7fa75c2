"""The confusion matrix: what is right in blue, mistakes in orange, the stronger the more."""

from collections.abc import Sequence

from markupsafe import Markup

from kwspipe.report.drawing import Drawing

# A mistake in every fifth clip of a class is as strong as it gets.
STRONGEST_MISTAKE = 0.2
# Cells below this strength are pale and bear dark figures, the others are full and bear light ones: of the shades
# between, neither ink would stand out (WCAG 2.2 asks for a contrast of 4.5).
FULL, PALEST, DARKEST_PALE = 0.75, 0.12, 0.5
# Beyond this many classes numbers in the cells could not be read on a phone.
MAX_NUMBERED = 16
LETTER_WIDTH = 6.8
MAX_LETTERS = 14


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Markup:
    """Draws a confusion matrix.

    Args:
        counts: (classes, classes), a row a true label, a column a predicted one.
        labels: (classes,)
    """
    names = [_short(label) for label in labels]
    cell = 26.0 if len(labels) <= MAX_NUMBERED else 13.0
    head = LETTER_WIDTH * max(len(name) for name in names) + 10
    side = head + cell * len(labels)
    width = max(side + 12, 340.0)  # the last slanted label leans out
    drawing = Drawing(f"Confusion matrix of {len(labels)} classes", side + 2, width, "matrix")
    for row, name in enumerate(names):
        middle = head + (row + 0.5) * cell
        drawing.text(head - 6, middle + 4.5, name, "tick", "end")
        turned = f"rotate(-60 {middle + 3:.1f} {head - 6:.1f})"
        drawing.text(middle + 3, head - 6, name, "tick", transform=turned)
    for row, values in enumerate(counts):
        total = sum(values)
        for column, count in enumerate(values):
            place = (head + column * cell, head + row * cell)
            share = count / total if total else 0.0
            tip = f"{labels[row]} taken for {labels[column]}: {count} of {total}" if row != column else ""
            tip = tip or f"{labels[row]}: {count} of {total} right"
            _cell(drawing, place, cell, count, share, row == column, tip)
    return drawing.markup()


def _cell(
    drawing: Drawing,
    place: tuple[float, float],
    size: float,
    count: int,
    share: float,
    right: bool,
    tip: str,
) -> None:
    x, y = place
    drawing.add("rect", "cell", x=x + 0.75, y=y + 0.75, width=size - 1.5, height=size - 1.5, rx=2)
    if not count:
        return
    # The power makes a single mistake visible beside hundreds of hits.
    strength = share if right else min(share / STRONGEST_MISTAKE, 1.0) ** 0.75
    full = strength >= FULL
    opacity = 1.0 if full else PALEST + (DARKEST_PALE - PALEST) * strength / FULL
    style = "cell right" if right else "cell wrong"
    drawing.add(
        "rect",
        style,
        tip,
        x=x + 0.75,
        y=y + 0.75,
        width=size - 1.5,
        height=size - 1.5,
        rx=2,
        fill_opacity=opacity,
    )
    if size >= 20:
        drawing.text(
            x + size / 2, y + size / 2 + 4.5, str(count), "count strong" if full else "count", "middle"
        )


def _short(label: str) -> str:
    return label if len(label) <= MAX_LETTERS else f"{label[: MAX_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
