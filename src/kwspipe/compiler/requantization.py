"""Constants that bring a 32-bit accumulator to int8 on the device, proved equal to the reference kernel's result.

The device computes ``saturate(((x * 2^k * M) >> 32) + R - (D if x < 0)) >> n)``; firmware/core/kws_requantize.h derives
it. Both this and the reference are staircases that never fall as x grows. So they are equal on all accumulators that
the weights allow, if they step at the same places: at most 255 of them, which are compared one by one.
"""

from dataclasses import dataclass, fields

import numpy as np

from kwspipe.compiler.fixed_point import Integers, multiply_by_quantized_multiplier, quantize_multiplier
from kwspipe.errors import KwspipeError

# The shift of channels whose negative accumulators give the lowest value; KWS_POSITIVE_SHIFT.
POSITIVE_SHIFT = 11
# Beyond it the zero point would no longer fit into the offset.
_MAX_SHIFT = 22


@dataclass(frozen=True)
class Accumulator:
    """What is known of the accumulators of each channel, (channels,) each.

    Attributes:
        lowest: the smallest value they can take, bias included.
        highest: the largest.
        max_scale_bits: weights times 2^this still fit into their type.
        multiplier: Q0.31 multiplier of the reference.
        shift: its shift, positive to the left.
    """

    lowest: Integers
    highest: Integers
    max_scale_bits: Integers
    multiplier: Integers
    shift: Integers


@dataclass(frozen=True)
class Requantization:
    """The device's constants, (channels,) each.

    Attributes:
        positive: the short form without correction, with the common shift.
        scale_bits: k; weights and bias are stored times 2^k.
        bias_change: added to the bias first.
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


def requantize(
    accumulator: Accumulator,
    zero_point: int,
    lowest: int,
    highest: int,
    place: str,
    may_be_positive: bool = False,
) -> Requantization:
    """Finds proved constants.

    Args:
        accumulator: its bounds and the reference's multipliers.
        zero_point: of the output.
        lowest: value below which the layer's activation cuts; -128 if it does not.
        highest: value above which it cuts; 127 if it does not.
        place: names the layer in errors.
        may_be_positive: the operator has a kernel for the short form.

    Raises:
        KwspipeError: an accumulator could overflow, or its multiplier is out of the device's range.
    """
    forms = (True, False) if may_be_positive and lowest >= zero_point else (False,)
    for positive in forms:
        found: Requantization | None = None
        missing = np.ones(len(accumulator.lowest), bool)
        candidates = _candidates(accumulator, zero_point, positive)
        for candidate in (*candidates, _single_step(accumulator, zero_point, lowest, highest, positive)):
            proved = missing & _is_exact(candidate, accumulator, zero_point, lowest, highest)
            found = candidate if found is None else _merge(found, candidate, proved)
            missing &= ~proved
            if not missing.any():
                return found
    channel = int(np.flatnonzero(missing)[0])
    real = accumulator.multiplier[channel] * 2.0 ** (accumulator.shift[channel] - 31)
    raise KwspipeError(
        place,
        f"channel {channel}: accumulators {accumulator.lowest[channel]} to {accumulator.highest[channel]}, "
        f"scaled by {real:.3g}",
        "accumulators within 2^31 and scalings up to 64",
        "check the scales of this layer's tensors; calibrate the quantizer with more clips",
    )


def _candidates(accumulator: Accumulator, zero_point: int, positive: bool) -> list[Requantization]:
    """Constants to try: those that are exact by construction first, then some for proof to decide."""
    right = -accumulator.shift
    largest = np.maximum(np.maximum(np.abs(accumulator.lowest), np.abs(accumulator.highest)), 1)
    room = 31 - np.ceil(np.log2(largest + 1)).astype(np.int64)  # bits an accumulator may grow by
    if positive:
        shift = np.full_like(right, POSITIVE_SHIFT)
        scale_bits = np.minimum(np.maximum(POSITIVE_SHIFT + 1 - right, 2), np.maximum(room, 0))
    else:
        scale_bits = np.where(right >= 1, np.clip(room, 0, 2), 2 - right)
        shift = np.clip(right + scale_bits - 1, 1, _MAX_SHIFT)
    # Where even a small k is too much for the shift, the multiplier gives up its low bits.
    lost_bits = right + scale_bits - 1 - shift
    rounding = np.int64(1) << (shift - 1)
    once = right < 1  # a single rounding in the reference, too
    candidates = []
    for nudge, correction in ((None, None), (0, 0), (0, 1), (1, 1), (1, 2)):
        is_exact = nudge is None
        first = (np.int64(1) << np.maximum(scale_bits - 2, 0)) if is_exact else np.full_like(right, nudge)
        second = (
            (np.int64(1) << np.maximum(scale_bits - 1, 0)) if is_exact else np.full_like(right, correction)
        )
        candidates.append(
            Requantization(
                positive,
                scale_bits,
                np.zeros_like(right),
                divide_rounded(accumulator.multiplier, np.maximum(lost_bits, 0)),
                rounding + np.where(once, 0, first) + (np.int64(zero_point) << shift),
                np.zeros_like(right) if positive else np.where(once, 0, second),
                shift,
            )
        )
    return candidates


def _single_step(
    accumulator: Accumulator, zero_point: int, lowest: int, highest: int, positive: bool
) -> Requantization:
    """Constants for channels that give at most two values: with M = 1, the sign of the accumulator is the result.

    Channels that batch normalization has all but switched off are like this: a large bias, tiny weights.
    """

    def reference(value: Integers) -> Integers:
        result = (
            multiply_by_quantized_multiplier(value, accumulator.multiplier, accumulator.shift) + zero_point
        )
        return np.clip(result, lowest, highest)

    first, below, above = reference(accumulator.lowest), accumulator.lowest - 1, accumulator.highest + 1
    for _ in range(34):  # halves any range of 32-bit numbers down to one
        middle = (below + above) >> 1
        rises = reference(middle) > first
        above, below = np.where(rises, middle, above), np.where(rises, below, middle)
    shift = np.full_like(first, POSITIVE_SHIFT)
    return Requantization(
        positive,
        scale_bits=np.zeros_like(first),
        bias_change=-above,
        multiplier=np.ones_like(first),
        offset=(first + 1) << shift,
        correction=np.zeros_like(first),
        shift=shift,
    )


def divide_rounded(value: Integers, bits: Integers) -> Integers:
    """value / 2^bits, to the nearest."""
    return (value + ((np.int64(1) << bits) >> 1)) >> bits


def _merge(first: Requantization, second: Requantization, take: np.ndarray) -> Requantization:
    arrays = {
        field.name: np.where(take, getattr(second, field.name), getattr(first, field.name))
        for field in fields(first)
        if field.name != "positive"
    }
    return Requantization(first.positive, **arrays)


def _is_exact(
    constants: Requantization, accumulator: Accumulator, zero_point: int, lowest: int, highest: int
) -> np.ndarray:
    """Proves, channel by channel, that the device's staircase is the reference's; (channels,) bool."""
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
    """The smallest accumulator for which the device's result reaches each level; (channels, levels)."""
    slope = (constants.multiplier << constants.scale_bits)[:, None]
    need = (levels << constants.shift[:, None]) - constants.offset[:, None]  # in units of 2^32

    def first_reaching(target: Integers) -> Integers:
        never = np.int64(2**40)
        flat = np.where(target <= 0, -never, never)
        return np.where(slope == 0, flat, -((-(target << 32)) // np.maximum(slope, 1)))

    positive = np.maximum(first_reaching(need), 0)
    negative = first_reaching(need + constants.correction[:, None])
    return np.where(negative <= -1, negative, positive) - constants.bias_change[:, None]


def _fits(constants: Requantization, accumulator: Accumulator) -> np.ndarray:
    """Whether nothing overflows, here or in the reference; (channels,) bool."""
    largest = np.maximum(np.abs(accumulator.lowest), np.abs(accumulator.highest))
    changed = (accumulator.lowest + constants.bias_change, accumulator.highest + constants.bias_change)
    scaled = np.maximum(np.abs(changed[0]), np.abs(changed[1])) << np.minimum(constants.scale_bits, 20)
    upper = ((scaled * constants.multiplier) >> 32) + np.abs(constants.offset) + constants.correction + 1
    shifted = largest << np.clip(accumulator.shift, 0, 20)
    return (
        (constants.scale_bits <= np.minimum(accumulator.max_scale_bits, 20))
        & (accumulator.shift <= 20)
        & (scaled < 2**31)
        & (upper < 2**31)
        & (shifted < 2**31)
        & (np.abs(constants.offset) < 2**31)
    )
