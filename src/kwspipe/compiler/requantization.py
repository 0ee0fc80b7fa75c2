"""Requantization of 32-bit accumulators to int8 on the device, and the proof that it equals the reference kernel.

The device computes ``saturate(((x * 2^k * M) >> 32) + R - (D if x < 0)) >> n)``, see
firmware/core/model/kws_requantize.h. This function and the reference are step functions that do not decrease as x
grows. Therefore they are equal for all accumulators that the weights allow if their steps are at the same accumulators.
There are at most 255 steps, and each of them is compared.
"""

from dataclasses import dataclass

import numpy as np

from kwspipe.compiler.fixed_point import Integers, multiply_by_quantized_multiplier, quantize_multiplier

MAX_SCALE_BITS = 20  # limit of k for all operators
_MAX_LEFT_SHIFT = 20


@dataclass(frozen=True)
class Accumulator:
    """Ranges of the accumulators and their scaling in the reference, (channels,) each.

    Attributes:
        lowest: smallest possible value, bias included.
        highest: largest possible value, bias included.
        max_scale_bits: largest k for which the weights times 2^k fit into their type.
        multiplier: Q0.31 multiplier of the reference.
        shift: shift of the reference, positive to the left.
    """

    lowest: Integers
    highest: Integers
    max_scale_bits: Integers
    multiplier: Integers
    shift: Integers


@dataclass(frozen=True)
class Requantization:
    """Requantization constants of the device, (channels,) each.

    Attributes:
        positive: the short form without correction and with a common shift.
        scale_bits: k, weights and bias are stored times 2^k.
        bias_change: added to the bias before the scaling.
        multiplier: M.
        offset: R.
        correction: D.
        shift: n.
    """

    positive: bool
    scale_bits: Integers
    bias_change: Integers
    multiplier: Integers
    offset: Integers
    correction: Integers
    shift: Integers


def quantize_multipliers(real: np.ndarray) -> tuple[Integers, Integers]:
    """Returns TensorFlow Lite's (multipliers, shifts) of real multipliers, (channels,) each."""
    pairs = [quantize_multiplier(float(value)) for value in real]
    return np.array([pair[0] for pair in pairs], np.int64), np.array([pair[1] for pair in pairs], np.int64)


def is_exact(
    constants: Requantization, accumulator: Accumulator, zero_point: int, lowest: int, highest: int
) -> np.ndarray:
    """Returns for which channels the device's results are proved to equal the reference's, (channels,) bool."""
    fits = _fits(constants, accumulator)
    levels = np.arange(lowest + 1, highest + 1, dtype=np.int64)[None, :]  # (1, levels)
    low, high = accumulator.lowest[:, None], accumulator.highest[:, None]
    step = np.clip(_device_steps(constants, levels), low, high + 1)  # (channels, levels)
    multiplier, shift = accumulator.multiplier[:, None], accumulator.shift[:, None]

    def reference(value: Integers) -> Integers:
        return multiply_by_quantized_multiplier(value, multiplier, shift) + zero_point

    above = (step > high) | (reference(np.minimum(step, high)) >= levels)
    below = (step <= low) | (reference(np.maximum(step - 1, low)) < levels)
    return fits & (above & below).all(axis=1)


def _device_steps(constants: Requantization, levels: Integers) -> Integers:
    """Returns the smallest accumulator for which the device's result reaches each level, (channels, levels)."""
    slope = (constants.multiplier << constants.scale_bits)[:, None]
    target_sum = (levels << constants.shift[:, None]) - constants.offset[:, None]  # in units of 2^32

    def first_reaching(target: Integers) -> Integers:
        never = np.int64(2**40)
        flat = np.where(target <= 0, -never, never)
        return np.where(slope == 0, flat, -((-(target << 32)) // np.maximum(slope, 1)))

    positive = np.maximum(first_reaching(target_sum), 0)
    negative = first_reaching(target_sum + constants.correction[:, None])
    return np.where(negative <= -1, negative, positive) - constants.bias_change[:, None]


def _fits(constants: Requantization, accumulator: Accumulator) -> np.ndarray:
    """Returns for which channels neither the device nor the reference overflows, (channels,) bool."""
    largest = np.maximum(np.abs(accumulator.lowest), np.abs(accumulator.highest))
    changed = (accumulator.lowest + constants.bias_change, accumulator.highest + constants.bias_change)
    scale_bits = np.minimum(constants.scale_bits, MAX_SCALE_BITS)
    scaled = np.maximum(np.abs(changed[0]), np.abs(changed[1])) << scale_bits
    upper = ((scaled * constants.multiplier) >> 32) + np.abs(constants.offset) + constants.correction + 1
    shifted = largest << np.clip(accumulator.shift, 0, _MAX_LEFT_SHIFT)
    return (
        (constants.scale_bits <= np.minimum(accumulator.max_scale_bits, MAX_SCALE_BITS))
        & (accumulator.shift <= _MAX_LEFT_SHIFT)
        & (scaled < 2**31)
        & (upper < 2**31)
        & (shifted < 2**31)
        & (np.abs(constants.offset) < 2**31)
    )
