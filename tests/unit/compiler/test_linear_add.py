"""Sums as a line: exact where found, given up where there is none."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.compiler.linear_add import SHIFT, find_line

VALUES = np.arange(-128, 128, dtype=np.int64)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 1.5), st.floats(0.05, 1.5), st.floats(-60, 60))
def test_a_line_gives_the_result_for_every_pair(first, second, intercept):
    real = first * VALUES[:, None] + second * VALUES[None, :] + intercept
    result = np.clip(np.floor(real + 0.5), -128, 127).astype(np.int64)
    line = find_line(result, VALUES, VALUES, (first, second), intercept)
    if line is not None:
        sums = line.first * VALUES[:, None] + line.second * VALUES[None, :] + line.offset
        assert np.abs(sums).max() < 2**31
        np.testing.assert_array_equal(np.clip(sums >> SHIFT, -128, 127), result)


def test_a_plain_line_is_found():
    result = np.clip(VALUES[:, None] + 2 * VALUES[None, :] + 5, -128, 127)
    assert find_line(result, VALUES, VALUES, (1.0, 2.0), 5.0) is not None


def test_a_line_is_found_where_few_pairs_are_near_a_step():
    """Scales of a trained network: a slope of exactly one."""
    slopes = (0.2871594176179445, 1.0)
    intercept = 7 - slopes[0] * -128 - 7
    real = slopes[0] * VALUES[:, None] + VALUES[None, :] + intercept
    result = np.clip(np.floor(real + 0.5), -128, 127).astype(np.int64)
    assert find_line(result, VALUES, VALUES, slopes, intercept) is not None


def test_halves_away_from_zero_are_a_line_a_little_steeper():
    """Equal scales, halved: the reference rounds ties down below zero and up above."""
    total = VALUES[:, None] + VALUES[None, :]
    result = np.sign(total) * ((np.abs(total) + 1) // 2)
    assert find_line(result, VALUES, VALUES, (0.5, 0.5), 0.0) is not None


def test_what_is_no_line_is_not_taken_for_one():
    result = np.clip(VALUES[:, None] + VALUES[None, :], -128, 127)
    result[130, 120] += 1
    assert find_line(result, VALUES, VALUES, (1.0, 1.0), 0.0) is None


def test_a_sum_beyond_int32_is_no_line():
    result = np.clip(100 * (VALUES[:, None] + VALUES[None, :]), -128, 127)
    assert find_line(result, VALUES, VALUES, (100.0, 100.0), 0.0) is None
