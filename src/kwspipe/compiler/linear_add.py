"""Addition of two quantized tensors as a linear function, if it equals the reference.

TensorFlow Lite rescales both inputs and the sum, and rounds after each step. Apart from these roundings, the result is
floor(first * a + second * b + c). This module searches for fixed-point factors and an offset that give the result of
the reference for all 65,536 pairs of input values. If there are none, the device uses tables.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.compiler.fixed_point import Integers

SHIFT = 22  # KWS_LINEAR_ADD_SHIFT
_SEARCH_RADIUS = 12  # variation of the factors in units of the last place
_NUM_DECISIVE = (
    2000  # number of pairs nearest to a step of the result, which mostly decide whether factors are exact
)
_LIMIT = 2**31


@dataclass(frozen=True)
class LinearAddFactors:
    """Factors of saturate((first * a + second * b + offset) >> SHIFT)."""

    first: int
    second: int
    offset: int


def find_linear_factors(
    result: Integers, first: Integers, second: Integers, slopes: tuple[float, float], intercept: float
) -> LinearAddFactors | None:
    """Returns factors that give the result for all pairs of values, or None.

    Args:
        result: (first values, second values), saturated to int8.
        first: values of the first input, ascending.
        second: values of the second input, ascending.
        slopes: real factors.
        intercept: real offset without the offset for rounding.
    """
    real = slopes[0] * first[:, None] + slopes[1] * second[None, :] + intercept + 0.5
    if max(np.abs(real).max(), abs(intercept), *(abs(slope) for slope in slopes)) * 2**SHIFT >= _LIMIT:
        return None
    distance = np.abs(real - np.round(real))
    is_decisive = distance <= np.sort(distance, axis=None)[:_NUM_DECISIVE][-1]
    a, b = (values[is_decisive] for values in np.broadcast_arrays(first[:, None], second[None, :]))
    low, high = _bounds(result[is_decisive])
    centre = [round(slope * 2**SHIFT) for slope in slopes]
    for deltas in _by_distance():
        factors = (centre[0] + deltas[0], centre[1] + deltas[1])
        sums = factors[0] * a + factors[1] * b
        lowest, highest = int((low - sums).max()), int((high - sums).min())
        if lowest <= highest:
            candidate = LinearAddFactors(*factors, (lowest + highest) // 2)
            if _is_exact(candidate, result, first, second):
                return candidate
    return None


def _bounds(result: Integers) -> tuple[Integers, Integers]:
    """Returns the smallest and the largest sum for each result. A saturated result has one bound only."""
    low = np.where(result == -128, -_LIMIT, result << SHIFT)
    high = np.where(result == 127, _LIMIT, ((result + 1) << SHIFT) - 1)
    return low, high


def _by_distance() -> list[tuple[int, int]]:
    """Returns pairs of small integers in ascending order of their distance from zero."""
    span = range(-_SEARCH_RADIUS, _SEARCH_RADIUS + 1)
    return sorted(((i, j) for i in span for j in span), key=lambda pair: pair[0] ** 2 + pair[1] ** 2)


def _is_exact(factors: LinearAddFactors, result: Integers, first: Integers, second: Integers) -> bool:
    sums: npt.NDArray[np.int64] = (
        factors.first * first[:, None] + factors.second * second[None, :] + factors.offset
    )
    fits = np.abs(sums).max() < _LIMIT and abs(factors.offset) < _LIMIT
    return bool(fits and (np.clip(sums >> SHIFT, -128, 127) == result).all())
