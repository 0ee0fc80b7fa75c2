"""Addition as a linear function: exact factors, or None if there are none."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.compiler.linear_add import SHIFT, find_linear_factors

VALUES = np.arange(-128, 128, dtype=np.int64)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 1.5), st.floats(0.05, 1.5), st.floats(-60, 60))
def test_factors_give_the_result_for_every_pair(first, second, intercept):
    real = first * VALUES[:, None] + second * VALUES[None, :] + intercept
    result = np.clip(np.floor(real + 0.5), -128, 127).astype(np.int64)
    factors = find_linear_factors(result, VALUES, VALUES, (first, second), intercept)
    if factors is not None:
        sums = factors.first * VALUES[:, None] + factors.second * VALUES[None, :] + factors.offset
        assert np.abs(sums).max() < 2**31
        np.testing.assert_array_equal(np.clip(sums >> SHIFT, -128, 127), result)


def test_integer_factors_are_found():
    result = np.clip(VALUES[:, None] + 2 * VALUES[None, :] + 5, -128, 127)
    assert find_linear_factors(result, VALUES, VALUES, (1.0, 2.0), 5.0) is not None


def test_factors_are_found_if_few_pairs_are_near_a_step():
    """A slope of exactly one, from the scales of a trained network."""
    slopes = (0.2871594176179445, 1.0)
    intercept = 7 - slopes[0] * -128 - 7
    real = slopes[0] * VALUES[:, None] + VALUES[None, :] + intercept
    result = np.clip(np.floor(real + 0.5), -128, 127).astype(np.int64)
    assert find_linear_factors(result, VALUES, VALUES, slopes, intercept) is not None


def test_factors_are_found_for_rounding_half_away_from_zero():
    """The mean of two inputs with equal scales: the reference rounds negative ties down and positive ties up."""
    total = VALUES[:, None] + VALUES[None, :]
    result = np.sign(total) * ((np.abs(total) + 1) // 2)
    assert find_linear_factors(result, VALUES, VALUES, (0.5, 0.5), 0.0) is not None


def test_a_result_that_is_not_linear_has_no_factors():
    result = np.clip(VALUES[:, None] + VALUES[None, :], -128, 127)
    result[130, 120] += 1
    assert find_linear_factors(result, VALUES, VALUES, (1.0, 1.0), 0.0) is None


def test_a_sum_beyond_int32_has_no_factors():
    result = np.clip(100 * (VALUES[:, None] + VALUES[None, :]), -128, 127)
    assert find_linear_factors(result, VALUES, VALUES, (100.0, 100.0), 0.0) is None
