"""A sum of two quantized tensors as one line, where that is exact.

TensorFlow Lite rescales both inputs and the sum, with a rounding each time. What comes out is, but for these
roundings, floor(first * a + second * b + c). So factors and an offset in fixed point are sought that give the
reference's result for each of the 65,536 pairs of values; where none are found, tables serve.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.compiler.fixed_point import Integers

SHIFT = 22  # KWS_LINEAR_ADD_SHIFT
_SEARCH_RADIUS = 12  # units of the last place that the factors are varied by
_NUM_DECIDING = 2000  # pairs nearest to a step of the result: mostly they decide
_LIMIT = 2**31


@dataclass(frozen=True)
class LinearAddFactors:
    """saturate((first * a + second * b + offset) >> SHIFT)."""

    first: int
    second: int
    offset: int


def find_line(
    result: Integers, first: Integers, second: Integers, slopes: tuple[float, float], intercept: float
) -> LinearAddFactors | None:
    """Returns a line that gives the result for all pairs, or None.

    Args:
        result: (first values, second values), saturated to int8.
        first: values of the first input, ascending.
        second: of the second.
        slopes: real factors.
        intercept: real offset, without what rounding needs.
    """
    real = slopes[0] * first[:, None] + slopes[1] * second[None, :] + intercept + 0.5
    if max(np.abs(real).max(), abs(intercept), *(abs(slope) for slope in slopes)) * 2**SHIFT >= _LIMIT:
        return None
    distance = np.abs(real - np.round(real))
    near = distance <= np.sort(distance, axis=None)[:_NUM_DECIDING][-1]
    a, b = (values[near] for values in np.broadcast_arrays(first[:, None], second[None, :]))
    low, high = _bounds(result[near])
    centre = [round(slope * 2**SHIFT) for slope in slopes]
    for deltas in _spiral():
        factors = (centre[0] + deltas[0], centre[1] + deltas[1])
        sums = factors[0] * a + factors[1] * b
        lowest, highest = int((low - sums).max()), int((high - sums).min())
        if lowest <= highest:
            line = LinearAddFactors(*factors, (lowest + highest) // 2)
            if _is_exact(line, result, first, second):
                return line
    return None


def _bounds(result: Integers) -> tuple[Integers, Integers]:
    """Smallest and largest sum that give each result; saturated ones have no bound on one side."""
    low = np.where(result == -128, -_LIMIT, result << SHIFT)
    high = np.where(result == 127, _LIMIT, ((result + 1) << SHIFT) - 1)
    return low, high


def _spiral() -> list[tuple[int, int]]:
    """Pairs of small integers, by growing distance from zero."""
    span = range(-_SEARCH_RADIUS, _SEARCH_RADIUS + 1)
    return sorted(((i, j) for i in span for j in span), key=lambda pair: pair[0] ** 2 + pair[1] ** 2)


def _is_exact(line: LinearAddFactors, result: Integers, first: Integers, second: Integers) -> bool:
    sums: npt.NDArray[np.int64] = line.first * first[:, None] + line.second * second[None, :] + line.offset
    fits = np.abs(sums).max() < _LIMIT and abs(line.offset) < _LIMIT
    return bool(fits and (np.clip(sums >> SHIFT, -128, 127) == result).all())
