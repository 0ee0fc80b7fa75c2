"""Tables of the audio front end: window, twiddles, mel filter bank, logarithm and gains.

Names and formulas are those of TensorFlow's "microfrontend" (window, mel filter bank, PCAN, logarithm) and of kissfft
(16-bit twiddles). This module rounds to float32 at the same steps as these libraries. All other steps are in double
precision. ``frontend_blob`` packs the tables for the C core.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kwspipe.config import FrontendConfig

WINDOW_BITS = 12
"""Fraction bits of the window."""
WEIGHT_BITS = 12
"""Fraction bits of the mel weights."""
MIN_FFT_LENGTH = 32
LOG_SEGMENTS = 128
GAIN_POINTS = 125
"""Two exact values, then (value, slope, curvature, unused) for 31 powers of two, without the last unused value."""
INT16_MAX = 32767

Int16 = NDArray[np.int16]
Uint16 = NDArray[np.uint16]


def fft_length(window_samples: int) -> int:
    """Returns the smallest power of two that is not below the window's length and not below 32."""
    return max(MIN_FFT_LENGTH, 1 << (window_samples - 1).bit_length())


def correction_bits(length: int) -> int:
    """Returns the number of bits by which channels must be shifted to the left.

    The FFT divides by its length. The weights add 12 bits to the energy, which are 6 bits after the square root.
    """
    return length.bit_length() - 1 - WEIGHT_BITS // 2


def window_table(window_samples: int) -> Int16:
    """Returns the Hann window in Q12: (window_samples,)."""
    step = np.float32(2.0 * math.pi / window_samples)
    arguments = [np.float32(step * np.float32(i + 0.5)) for i in range(window_samples)]
    cosines = np.array([math.cos(float(argument)) for argument in arguments], np.float32)
    shape = np.float32(0.5) - np.float32(0.5) * cosines
    return np.floor(shape.astype(np.float64) * (1 << WINDOW_BITS) + 0.5).astype(np.int16)


def twiddle(phase: float) -> tuple[int, int]:
    """Returns real and imaginary part of exp(i phase) in units of 1 / 32767, rounded as in kissfft."""
    return math.floor(0.5 + INT16_MAX * math.cos(phase)), math.floor(0.5 + INT16_MAX * math.sin(phase))


def fft_twiddles(length: int) -> Int16:
    """Returns the twiddles of a complex FFT, in the order of kws_fft_complex.

    Each radix-4 stage after the first one has (3 powers, 2 parts, points) values: real and imaginary parts for the
    points of the transforms that the stage combines.
    """
    points = length
    while points > 4:
        points //= 4
    stages = [np.zeros(0, np.int16)]
    while points < length:
        step = length // (4 * points)
        for power in (1, 2, 3):
            twiddles = [twiddle(-2 * math.pi / length * (k * step * power)) for k in range(points)]
            stages.append(np.array(twiddles, np.int16).T.ravel())
        points *= 4
    return np.concatenate(stages)


def split_twiddles(length: int) -> Int16:
    """Returns the twiddles that convert the output of a complex FFT to that of a real FFT: (2, length / 2)."""
    twiddles = [twiddle(-math.pi * ((i + 1) / length + 0.5)) for i in range(length // 2)]
    return np.array(twiddles, np.int16).T.ravel()


def mel(frequency_hz: float) -> np.float32:
    """Returns a frequency on the mel scale, 1127 ln(1 + f / 700)."""
    return np.float32(1127.0 * math.log1p(frequency_hz / 700.0))


def mel_filterbank(config: FrontendConfig, length: int) -> tuple[int, Uint16, Uint16]:
    """Computes the triangular filters over the bins of a real FFT.

    Band b ends at centre b and starts at the end of the previous band. Its bins contribute to channel b - 1 with their
    weight, which decreases from 1 to 0 over the band, and to channel b with the complement.

    Args:
        config: settings of the front end.
        length: of the FFT.

    Returns:
        First bin; number of bins of each band, (channels + 1,); weight and complement of each bin in Q12, (bins, 2).
    """
    low, high = mel(config.filterbank_lower_band_limit), mel(config.filterbank_upper_band_limit)
    num_bands = config.filterbank_n_channels + 1
    spacing = np.float32((high - low) / np.float32(num_bands))
    centres = [np.float32(low + spacing * np.float32(i + 1)) for i in range(num_bands)]
    hz_per_bin = np.float32(0.5 * config.sample_rate_hz / (length // 2))
    first_bin = int(1.5 + float(np.float32(config.filterbank_lower_band_limit) / hz_per_bin))
    widths, weights = [], []
    index = first_bin
    for band, centre in enumerate(centres):
        start = index
        below = low if band == 0 else centres[band - 1]
        # The bin at half the sample rate can only be the end of the last band, where the weight is 0.
        while index < length // 2 and (position := mel(float(np.float32(index) * hz_per_bin))) <= centre:
            weight = float(np.float32((centre - position) / (centre - below)))
            weights.append([math.floor(x * (1 << WEIGHT_BITS) + 0.5) for x in (weight, 1.0 - weight)])
            index += 1
        widths.append(index - start)
    return first_bin, np.array(widths, np.uint16), np.array(weights, np.uint16).reshape(-1, 2)


def log_table() -> Uint16:
    """Returns log2(1 + x) - x in Q16 at the ends of 128 segments of [0, 1]: (129,)."""
    x = [i / LOG_SEGMENTS for i in range(LOG_SEGMENTS + 1)]
    return np.array([round(65536 * (math.log2(1 + v) - v)) for v in x], np.uint16)


def gain_table(config: FrontendConfig, length: int) -> Int16:
    """Returns PCAN's gain (noise + offset)^-strength as a quadratic function for each power of two: (125,).

    Args:
        config: settings of the front end. ``pcan_gain_bits`` must not exceed ``max_gain_bits``.
        length: of the FFT.
    """
    input_bits = config.noise_reduction_smoothing_bits - correction_bits(length)
    strength = float(np.float32(config.pcan_strength))
    offset = np.float32(config.pcan_offset)

    def gain(noise: int) -> int:
        base = np.float32(np.float32(noise) / np.float32(1 << input_bits)) + offset
        value = np.float32(1 << config.pcan_gain_bits) * np.float32(math.pow(float(base), -strength))
        return int(value + np.float32(0.5))

    table = np.zeros(GAIN_POINTS, np.int16)
    table[0:2] = gain(0), gain(1)
    for interval in range(2, 33):
        start = 1 << (interval - 1)
        end = 2 * start if interval < 32 else 2 * start - 1
        y0, y1, y2 = gain(start), gain(start + start // 2), gain(end)
        slope = 4 * (y1 - y0) - (y2 - y0)
        position = 4 * interval - 6
        table[position : position + 3] = y0, slope, y2 - y0 - slope
    return table


def max_gain_bits(config: FrontendConfig) -> int:
    """Returns the largest pcan_gain_bits for which the gain fits into 16 bits; -1 if there is none.

    TensorFlow accepts larger values. Its table is then limited to 32767, and the quadratic functions next to the limit
    overflow to negative gains.
    """
    gain_without_noise = float(np.float32(config.pcan_offset)) ** -float(np.float32(config.pcan_strength))
    return max(
        (bits for bits in range(31) if round((1 << bits) * gain_without_noise) <= INT16_MAX), default=-1
    )
