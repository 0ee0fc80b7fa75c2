"""Requantization constants: the formula of the device gives the result of the reference for every accumulator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.compiler.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from kwspipe.compiler.requantization import Accumulator, Requantization, quantize_multipliers
from kwspipe.compiler.requantization_search import find_requantization
from kwspipe.errors import KwspipeError


def device(constants: Requantization, accumulator: np.ndarray) -> np.ndarray:
    """Computes one channel like firmware/core/model/kws_requantize.h."""
    scaled = (accumulator + constants.bias_change[0]) << constants.scale_bits[0]
    assert np.abs(scaled).max() < 2**31
    offset = constants.offset[0] - np.where(scaled < 0, constants.correction[0], 0)
    upper = ((scaled * constants.multiplier[0]) >> 32) + offset
    assert np.abs(upper).max() < 2**31
    return np.clip(upper >> constants.shift[0], -128, 127)


def reference(accumulator, real, zero_point, lowest, highest):
    multiplier, shift = (np.int64(value) for value in quantize_multiplier(real))
    result = multiply_by_quantized_multiplier(accumulator, multiplier, shift) + zero_point
    return np.clip(result, lowest, highest)


@settings(max_examples=150, deadline=None)
@given(
    real=st.floats(-22, 5).map(lambda exponent: 2.0**exponent),
    centre=st.one_of(st.integers(-3000, 3000), st.integers(-(2**28), 2**28)),
    reach=st.integers(0, 3000),
    zero_point=st.integers(-128, 127),
    lowest=st.one_of(st.just(-128), st.integers(-128, 127)),
    highest=st.integers(0, 127),
    may_be_positive=st.booleans(),
)
def test_every_accumulator_gives_the_result_of_the_reference(
    real, centre, reach, zero_point, lowest, highest, may_be_positive
):
    highest = max(lowest, highest)
    multiplier, shift = quantize_multipliers(np.array([real]))
    accumulator = Accumulator(
        np.array([centre - reach]), np.array([centre + reach]), np.array([8]), multiplier, shift
    )
    if abs(centre) + reach >= 2**28 and shift[0] > 0:
        return  # the reference overflows too
    try:
        constants = find_requantization(accumulator, zero_point, lowest, highest, "test", may_be_positive)
    except KwspipeError:
        # Large accumulators with a large multiplier can overflow, and small ones cannot.
        assert abs(centre) + reach > 3000 or real > 2
        return
    values = np.arange(centre - reach, centre + reach + 1, dtype=np.int64)
    actual = np.clip(device(constants, values), lowest, highest)
    np.testing.assert_array_equal(actual, reference(values, real, zero_point, lowest, highest))
    assert not constants.positive or (may_be_positive and lowest >= zero_point)


def test_a_relu_uses_the_short_form():
    multiplier, shift = quantize_multipliers(np.array([0.004, 0.009]))
    bounds = np.array([-40000, -40000]), np.array([40000, 40000])
    constants = find_requantization(
        Accumulator(*bounds, np.array([8, 8]), multiplier, shift), -128, -128, 127, "test", True
    )
    assert constants.positive
    assert set(constants.shift) == {11}


def test_the_short_form_is_possible_with_a_channel_of_very_small_weights():
    """Its multiplier is 0 at the common shift, but the channel has two possible output values only."""
    multiplier, shift = quantize_multipliers(np.array([0.004, 1e-7]))
    lowest, highest = np.array([-40000, 799_000_000]), np.array([40000, 801_000_000])
    constants = find_requantization(
        Accumulator(lowest, highest, np.array([8, 8]), multiplier, shift), -128, -128, 127, "test", True
    )
    assert constants.positive
    assert constants.bias_change[0] == 0


def test_an_overflow_is_an_error():
    multiplier, shift = quantize_multipliers(np.array([0.5]))
    accumulator = Accumulator(np.array([-(2**32)]), np.array([2**32]), np.array([8]), multiplier, shift)
    with pytest.raises(KwspipeError, match=r"layer 3: channel 0: accumulators -4294967296 to 4294967296"):
        find_requantization(accumulator, 0, -128, 127, "layer 3")
