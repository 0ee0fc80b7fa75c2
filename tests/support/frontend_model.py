"""Simple second implementation of the front end, for comparison with the C core in settings without recorded features.

It follows TensorFlow's microfrontend and kissfft in the order of their computations, with a recursive FFT and without
optimizations. The tables are those of kwspipe.core.frontend_tables, which the recorded vectors cover.
"""

import math

import numpy as np

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend_tables import (
    correction_bits,
    fft_length,
    gain_table,
    log_table,
    mel_filterbank,
    twiddle,
    window_table,
)


def int16(values: np.ndarray) -> np.ndarray:
    return np.asarray(values).astype(np.int64).astype(np.int16).astype(np.int64)


def rounded(values: np.ndarray) -> np.ndarray:
    return int16((values + (1 << 14)) >> 15)


def times(a: tuple, b: tuple) -> tuple:
    return rounded(a[0] * b[0] - a[1] * b[1]), rounded(a[0] * b[1] + a[1] * b[0])


def plus(a: tuple, b: tuple) -> tuple:
    return int16(a[0] + b[0]), int16(a[1] + b[1])


def minus(a: tuple, b: tuple) -> tuple:
    return int16(a[0] - b[0]), int16(a[1] - b[1])


def scaled(a: tuple, divisor: int) -> tuple:
    return rounded(a[0] * (32767 // divisor)), rounded(a[1] * (32767 // divisor))


def fft(points: tuple) -> tuple:
    """Returns the FFT of kissfft, with radix 4 if possible, else radix 2. Each stage divides by its radix."""
    length = len(points[0])
    if length == 1:
        return points
    radix = 4 if length % 4 == 0 else 2
    parts = [fft((points[0][q::radix], points[1][q::radix])) for q in range(radix)]
    powers = []
    for q in range(radix):
        factors = np.array([twiddle(-2 * math.pi * q * k / length) for k in range(length // radix)]).T
        part = scaled(parts[q], radix)
        powers.append(part if q == 0 else times(part, (factors[0], factors[1])))
    if radix == 2:
        outputs = [plus(powers[0], powers[1]), minus(powers[0], powers[1])]
    else:
        total, difference = plus(powers[0], powers[2]), minus(powers[0], powers[2])
        outer, crossed = plus(powers[1], powers[3]), minus(powers[1], powers[3])
        outputs = [
            plus(total, outer),
            (int16(difference[0] + crossed[1]), int16(difference[1] - crossed[0])),
            minus(total, outer),
            (int16(difference[0] - crossed[1]), int16(difference[1] + crossed[0])),
        ]
    return tuple(np.concatenate([output[part] for output in outputs]) for part in (0, 1))


def real_fft(samples: np.ndarray) -> tuple:
    half = len(samples) // 2
    re, im = fft((samples[0::2], samples[1::2]))
    out_re, out_im = np.zeros(half, np.int64), np.zeros(half, np.int64)
    for k in range(1, half // 2 + 1):
        bin_, mirror = scaled((re[k], im[k]), 2), scaled((re[half - k], int16(-im[half - k])), 2)
        even = plus(bin_, mirror)
        odd = times(minus(bin_, mirror), twiddle(-math.pi * (k / half + 0.5)))
        out_re[k], out_im[k] = (even[0] + odd[0]) >> 1, (even[1] + odd[1]) >> 1
        out_re[half - k], out_im[half - k] = (even[0] - odd[0]) >> 1, (odd[1] - even[1]) >> 1
    return out_re, out_im


def square_root(value: int) -> int:
    root = math.isqrt(value)
    top = 0xFFFF if value < 1 << 32 else 0xFFFFFFFF
    return root + 1 if value - root * root > root and root != top else root


def gain_at(noise: int, table: np.ndarray) -> int:
    if noise <= 2:
        return int(table[noise])
    interval = noise.bit_length()
    value, slope, curvature = (int(v) for v in table[4 * interval - 6 : 4 * interval - 3])
    fraction = (noise << (11 - interval) if interval < 11 else noise >> (interval - 11)) & 0x3FF
    result = (((curvature * fraction) >> 5) + (slope << 5)) * fraction
    return int(int16(((result + (1 << 14)) >> 15) + value))


def logarithm(value: int, shift: int, table: np.ndarray) -> int:
    whole = value.bit_length() - 1
    fraction = (value << 16 >> whole) - (1 << 16)
    segment = fraction >> 9
    low, high = int(table[segment]), int(table[segment + 1])
    log2 = (whole << 16) + fraction + low + (((high - low) * (fraction - (segment << 9))) >> 16)
    return ((((45426 * log2 + 32768) >> 16) << shift) + 32768) >> 16


class FrontEndModel:
    """A front end with its state, for one clip."""

    def __init__(self, config: FrontendConfig) -> None:
        self.config = config
        self.window_samples = config.window_size_ms * config.sample_rate_hz // 1000
        self.step_samples = config.window_step_ms * config.sample_rate_hz // 1000
        self.length = fft_length(self.window_samples)
        self.window = window_table(self.window_samples).astype(np.int64)
        self.first_bin, self.widths, self.weights = mel_filterbank(config, self.length)
        self.log_table = log_table()
        self.gain_table = gain_table(config, self.length) if config.pcan_enable else np.zeros(0)
        self.noise = [0] * config.filterbank_n_channels

    def features(self, clip: np.ndarray) -> np.ndarray:
        samples = self.notched(clip) if self.config.dc_notch_filter_enable else clip.astype(np.int64)
        starts = range(0, len(samples) - self.window_samples + 1, self.step_samples)
        frames = [self.frame(samples[start : start + self.window_samples]) for start in starts]
        return np.array(frames, np.uint16)

    def notched(self, clip: np.ndarray) -> np.ndarray:
        coefficient = int(np.float32(self.config.dc_notch_filter_coefficient) * 32768)
        output, last = [0], 0
        for sample in clip.tolist():
            output.append(int(int16(sample - last + (((coefficient * output[-1]) >> 14) + 1 >> 1))))
            last = sample
        return np.array(output[1:], np.int64)

    def frame(self, samples: np.ndarray) -> list[int]:
        windowed = int16((samples * self.window) >> 12)
        shift = 15 - int(max(int16(abs(windowed)).max(), 0)).bit_length()
        padded = np.zeros(self.length, np.int64)
        padded[: self.window_samples] = int16(windowed << shift)
        re, im = real_fft(padded)
        signal = [square_root(v) >> shift for v in self.filtered(re**2 + im**2)]
        if self.config.noise_reduction_enable:
            signal = [self.reduced(i, value) for i, value in enumerate(signal)]
        if self.config.pcan_enable:
            signal = [self.controlled(i, value) for i, value in enumerate(signal)]
        return [self.logged(value) for value in signal]

    def filtered(self, energy: np.ndarray) -> list[int]:
        sums = [0] * (self.config.filterbank_n_channels + 2)
        index = self.first_bin
        for band, width in enumerate(self.widths.tolist()):
            for _ in range(width):
                weight, complement = self.weights[index - self.first_bin].tolist()
                sums[band] += weight * int(energy[index])
                sums[band + 1] += complement * int(energy[index])
                index += 1
        return sums[1:-1]

    def reduced(self, channel: int, value: int) -> int:
        config = self.config
        even = channel % 2 == 0
        smoothing = config.noise_reduction_even_smoothing if even else config.noise_reduction_odd_smoothing
        weight = int(np.float32(smoothing) * np.float32(16384))
        least = int(np.float32(config.noise_reduction_min_signal_remaining) * np.float32(16384))
        up = (value << config.noise_reduction_smoothing_bits) & 0xFFFFFFFF
        self.noise[channel] = (up * weight + self.noise[channel] * (16384 - weight)) >> 14
        subtracted = (up - min(self.noise[channel], up)) >> config.noise_reduction_smoothing_bits
        return max(subtracted, (value * least) >> 14)

    def controlled(self, channel: int, value: int) -> int:
        shift = self.config.pcan_gain_bits - correction_bits(self.length) - 12
        snr = (value * gain_at(self.noise[channel], self.gain_table)) >> shift
        assert 0 <= snr < 1 << 32
        return (snr * snr) >> 20 if snr < 2 << 12 else (snr >> 6) - 64

    def logged(self, value: int) -> int:
        if self.config.log_scale_enable:
            bits = correction_bits(self.length)
            value = value >> -bits if bits < 0 else (value << bits) & 0xFFFFFFFF
            value = 0 if value <= 1 else logarithm(value, self.config.log_scale_shift, self.log_table)
        return min(value, 0xFFFF)
