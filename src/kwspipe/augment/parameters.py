"""Checks of the parameters a transform is given in YAML."""

from collections.abc import Mapping

Range = tuple[float, float]


def number(name: str, value: object, at_least: float, at_most: float) -> float:
    """Returns the value, if it is a number within bounds.

    Raises:
        ValueError: it is not; the message names it and says what is allowed.
    """
    allowed = isinstance(value, int | float) and not isinstance(value, bool) and at_least <= value <= at_most
    if not allowed:
        raise ValueError(f"{name} is {value!r}; it is a number, {at_least:g} to {at_most:g}")
    return float(value)  # type: ignore[arg-type]


def interval(bounds: Mapping[str, object], at_least: float, at_most: float) -> Range:
    """Returns a lowest and a highest value, given by their names in that order.

    Raises:
        ValueError: one is out of bounds, or they are the wrong way round.
    """
    (low_name, low), (high_name, high) = (
        (name, number(name, value, at_least, at_most)) for name, value in bounds.items()
    )
    if low > high:
        raise ValueError(f"{low_name} {low} is above {high_name} {high}")
    return low, high
