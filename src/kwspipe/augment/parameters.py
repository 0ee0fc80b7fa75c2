"""Validation of the parameters of transforms."""

from collections.abc import Mapping

Range = tuple[float, float]


def number(name: str, value: object, at_least: float, at_most: float) -> float:
    """Returns the value as a float.

    Raises:
        ValueError: the value is not a number within the limits.
    """
    allowed = isinstance(value, int | float) and not isinstance(value, bool) and at_least <= value <= at_most
    if not allowed:
        raise ValueError(f"{name} is {value!r}; it must be a number from {at_least:g} to {at_most:g}")
    return float(value)  # type: ignore[arg-type]


def interval(bounds: Mapping[str, object], at_least: float, at_most: float) -> Range:
    """Returns the lowest and the highest value of a range.

    Args:
        bounds: the lowest and the highest value, in this order, by parameter name.
        at_least: lower limit of both.
        at_most: upper limit of both.

    Raises:
        ValueError: a value is not a number within the limits, or the lowest value is above the highest one.
    """
    (low_name, low), (high_name, high) = (
        (name, number(name, value, at_least, at_most)) for name, value in bounds.items()
    )
    if low > high:
        raise ValueError(f"{low_name} {low} is above {high_name} {high}")
    return low, high
