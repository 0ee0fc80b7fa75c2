"""Text of a score or threshold, which the core and the configuration keep on a scale of 0 to 255."""

FULL_SCORE = 255


def threshold_text(value: float) -> str:
    """Returns a score or threshold as the value that settings take, and as percent: ``145 of 255 (57 %)``.

    Args:
        value: score or threshold, 0 to 255.
    """
    return f"{value:g} of {FULL_SCORE} ({value / FULL_SCORE:.0%})".replace("%", " %")
