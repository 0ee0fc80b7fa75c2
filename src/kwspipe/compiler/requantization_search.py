"""Search for requantization constants that equal the reference kernel for all accumulators."""

from dataclasses import fields

import numpy as np

from kwspipe.compiler.fixed_point import Integers, multiply_by_quantized_multiplier
from kwspipe.compiler.requantization import Accumulator, Requantization, is_exact
from kwspipe.errors import KwspipeError

_POSITIVE_SHIFT = (
    11  # KWS_POSITIVE_SHIFT: common shift of channels whose negative accumulators give the lowest value
)
_MAX_SHIFT = 22  # with a larger shift the zero point does not fit into the offset


def find_requantization(
    accumulator: Accumulator,
    zero_point: int,
    lowest: int,
    highest: int,
    where: str,
    may_be_positive: bool = False,
) -> Requantization:
    """Returns constants that are proved to be exact.

    Args:
        accumulator: ranges of the accumulators and multipliers of the reference.
        zero_point: zero point of the output.
        lowest: lower limit of the fused activation, -128 without a limit.
        highest: upper limit of the fused activation, 127 without a limit.
        where: name of the layer, for error messages.
        may_be_positive: the operator has a kernel for the short form.

    Raises:
        KwspipeError: if an accumulator can overflow, or its multiplier is out of the range of the device.
    """
    forms = (True, False) if may_be_positive and lowest >= zero_point else (False,)
    for positive in forms:
        result: Requantization | None = None
        unproved = np.ones(len(accumulator.lowest), bool)
        candidates = _candidates(accumulator, zero_point, positive)
        for candidate in (*candidates, _single_step(accumulator, zero_point, lowest, highest, positive)):
            proved = unproved & is_exact(candidate, accumulator, zero_point, lowest, highest)
            result = candidate if result is None else _merge(result, candidate, proved)
            unproved &= ~proved
            if not unproved.any():
                return result
    channel = int(np.flatnonzero(unproved)[0])
    real = accumulator.multiplier[channel] * 2.0 ** (accumulator.shift[channel] - 31)
    raise KwspipeError(
        where,
        f"channel {channel}: accumulators {accumulator.lowest[channel]} to {accumulator.highest[channel]}, "
        f"scaled by {real:.3g}",
        "accumulators within 2^31 and scalings up to 64",
        "check the scales of this layer's tensors; calibrate the quantizer with more clips",
    )


def _candidates(accumulator: Accumulator, zero_point: int, positive: bool) -> list[Requantization]:
    """Returns constants to try: first those that are exact by construction, then approximations to be proved."""
    right = -accumulator.shift
    largest = np.maximum(np.maximum(np.abs(accumulator.lowest), np.abs(accumulator.highest)), 1)
    headroom = 31 - np.ceil(np.log2(largest + 1)).astype(np.int64)  # unused high bits of the accumulator
    if positive:
        shift = np.full_like(right, _POSITIVE_SHIFT)
        scale_bits = np.minimum(np.maximum(_POSITIVE_SHIFT + 1 - right, 2), np.maximum(headroom, 0))
    else:
        scale_bits = np.where(right >= 1, np.clip(headroom, 0, 2), 2 - right)
        shift = np.clip(right + scale_bits - 1, 1, _MAX_SHIFT)
    # If the shift is too large even for a small k, the multiplier loses its low bits.
    lost_bits = right + scale_bits - 1 - shift
    rounding = np.int64(1) << (shift - 1)
    rounds_once = right < 1  # the reference rounds once too
    candidates = []
    for increment, correction in ((None, None), (0, 0), (0, 1), (1, 1), (1, 2)):
        by_construction = increment is None
        first = (
            (np.int64(1) << np.maximum(scale_bits - 2, 0))
            if by_construction
            else np.full_like(right, increment)
        )
        second = (
            (np.int64(1) << np.maximum(scale_bits - 1, 0))
            if by_construction
            else np.full_like(right, correction)
        )
        candidates.append(
            Requantization(
                positive,
                scale_bits,
                np.zeros_like(right),
                _divide_rounded(accumulator.multiplier, np.maximum(lost_bits, 0)),
                rounding + np.where(rounds_once, 0, first) + (np.int64(zero_point) << shift),
                np.zeros_like(right) if positive else np.where(rounds_once, 0, second),
                shift,
            )
        )
    return candidates


def _single_step(
    accumulator: Accumulator, zero_point: int, lowest: int, highest: int, positive: bool
) -> Requantization:
    """Returns constants for channels with at most two output values, which the sign of the accumulator selects (M = 1).

    Such channels have a large bias and very small weights. They result from batch normalization with a small scale.
    """

    def reference(value: Integers) -> Integers:
        result = (
            multiply_by_quantized_multiplier(value, accumulator.multiplier, accumulator.shift) + zero_point
        )
        return np.clip(result, lowest, highest)

    first, below, above = reference(accumulator.lowest), accumulator.lowest - 1, accumulator.highest + 1
    for _ in range(34):  # a binary search in any range of 32-bit numbers
        middle = (below + above) >> 1
        rises = reference(middle) > first
        above, below = np.where(rises, middle, above), np.where(rises, below, middle)
    shift = np.full_like(first, _POSITIVE_SHIFT)
    return Requantization(
        positive,
        scale_bits=np.zeros_like(first),
        bias_change=-above,
        multiplier=np.ones_like(first),
        offset=(first + 1) << shift,
        correction=np.zeros_like(first),
        shift=shift,
    )


def _divide_rounded(value: Integers, bits: Integers) -> Integers:
    """Returns value / 2^bits, rounded to the nearest integer."""
    return (value + ((np.int64(1) << bits) >> 1)) >> bits


def _merge(first: Requantization, second: Requantization, use_second: np.ndarray) -> Requantization:
    arrays = {
        field.name: np.where(use_second, getattr(second, field.name), getattr(first, field.name))
        for field in fields(first)
        if field.name != "positive"
    }
    return Requantization(first.positive, **arrays)
