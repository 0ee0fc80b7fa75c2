"""Fixed-point arithmetic of TensorFlow Lite's reference kernels.

Names and results equal those of tensorflow/lite/kernels/internal (quantization_util.cc, common.h) and of fixedpoint.h
in gemmlowp: multipliers in Q0.31 with a shift, products rounded half up, shifts rounded half away from zero.
"""

import math

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
INT32_MAX = 2**31 - 1
# e^-(2^i) for i = -2..4 in Q0.31, from exp_on_negative_values in gemmlowp.
_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_SOFTMAX_INTEGER_BITS = 5


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Returns (multiplier, shift): real = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or 0."""
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def doubling_high_product(a: Integers, b: Integers) -> Integers:
    """Returns the high half of 2ab, rounded half up. Saturation is not necessary unless a = b = -2^31."""
    return (a * b + 2**30) >> 31


def divide_by_power_of_two(value: Integers, exponent: Integers) -> Integers:
    """Returns value / 2^exponent, rounded half away from zero."""
    half = np.where(exponent > 0, np.int64(1) << np.maximum(exponent - 1, 0), 0)
    return (value + half - ((value < 0) & (exponent > 0))) >> exponent


def multiply_by_quantized_multiplier(value: Integers, multiplier: Integers, shift: Integers) -> Integers:
    """Returns the result of MultiplyByQuantizedMultiplier with its two roundings. The shapes broadcast."""
    product = doubling_high_product(value << np.maximum(shift, 0), multiplier)
    return divide_by_power_of_two(product, np.maximum(-shift, 0))


def exp_table(input_scale: float, beta: float) -> npt.NDArray[np.int32]:
    """Returns e^(beta * input_scale * d) in Q0.31 for d = -255..0, (256,). It is 0 for values that softmax ignores.

    Raises:
        ValueError: if the scale is so small that TensorFlow Lite's kernel does not support it.
    """
    fraction_bits = 31 - _SOFTMAX_INTEGER_BITS
    real = min(beta * input_scale * 2.0**fraction_bits, 2.0**31 - 1)
    if real <= 1:
        raise ValueError(f"softmax of a tensor with scale {input_scale:g}")
    multiplier, left_shift = quantize_multiplier(real)
    radius = math.floor((2**_SOFTMAX_INTEGER_BITS - 1) * 2.0**fraction_bits / 2.0**left_shift)
    table = np.zeros(256, np.int32)
    for difference in range(-min(radius, 255), 1):
        scaled = _high_product(difference << left_shift, multiplier)
        table[255 + difference] = _exp_on_negative(scaled, fraction_bits)
    return table


def _high_product(a: int, b: int) -> int:
    return (a * b + 2**30) >> 31


def _rounded_shift(value: int, exponent: int) -> int:
    return (value + (1 << (exponent - 1)) - (value < 0)) >> exponent


def _exp_on_negative(value: int, fraction_bits: int) -> int:
    """Returns e^value in Q0.31, for a value <= 0 with the given number of fraction bits."""
    if value == 0:
        return INT32_MAX
    quarter = 1 << (fraction_bits - 2)
    part = (value & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_between_minus_quarter_and_zero(part << (31 - fraction_bits))
    remainder = part - value
    for i, factor in enumerate(_EXP_OF_POWERS):
        if remainder & (1 << (fraction_bits - 2 + i)):
            result = _high_product(result, factor)
    return result


def _exp_between_minus_quarter_and_zero(value: int) -> int:
    """Returns e^value in Q0.31 by the Taylor polynomial of degree 4 around -1/8."""
    x = value + (1 << 28)
    x2 = _high_product(x, x)
    x3 = _high_product(x2, x)
    x4 = _high_product(x2, x2)
    higher = _rounded_shift(_high_product(_rounded_shift(x4, 2) + x3, _ONE_THIRD) + x2, 1)
    return min(_EXP_OF_MINUS_EIGHTH + _high_product(_EXP_OF_MINUS_EIGHTH, x + higher), INT32_MAX)
