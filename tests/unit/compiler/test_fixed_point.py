"""Fixed-point arithmetic: multipliers and the exponential table."""

import numpy as np
import pytest

from kwspipe.compiler.fixed_point import exp_table, quantize_multiplier


def test_multipliers_equal_those_of_tensorflow_lite():
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(1.0) == (2**30, 1)
    assert quantize_multiplier(0.5) == (2**30, 0)
    assert quantize_multiplier(1 - 2.0**-40) == (2**30, 1)  # rounds up to the next power of two
    assert quantize_multiplier(2.0**-33) == (0, 0)


def test_the_exponential_table_approximates_the_exponential():
    table = exp_table(0.05, 1.0)
    real = np.exp(0.05 * np.arange(-255, 1)) * 2**31
    np.testing.assert_allclose(table, real, atol=2**31 * 1e-6)
    assert exp_table(1.0, 1.0)[255 - 32] == 0  # beyond the range of the fixed-point input
    with pytest.raises(ValueError, match="scale"):
        exp_table(1e-9, 1.0)
