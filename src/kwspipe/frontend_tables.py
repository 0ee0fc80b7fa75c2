"""The tables of the audio front end: computed here once, in one blob that PC and board read alike.

Names and formulas are those of TensorFlow's "microfrontend" (window, mel filter bank, noise reduction, PCAN,
log) and of kissfft (16-bit twiddles). Where they round to float32, so does this module.
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from kwspipe.config import FrontendConfig
from kwspipe.errors import KwspipeError

MAGIC = int.from_bytes(b"KWFE", "little")
VERSION = 1
FLAG_DC_NOTCH, FLAG_NOISE_REDUCTION, FLAG_PCAN, FLAG_LOG, FLAG_DYNAMIC_SCALE = 1, 2, 4, 8, 16

WINDOW_BITS = 12
"""Window coefficients are Q12."""
WEIGHT_BITS = 12
"""Mel weights are Q12; the square root halves that, which the log's correction undoes."""
NOISE_BITS = 14
"""Constants of the noise reduction are Q14."""
PCAN_SNR_BITS = 12
GAIN_POINTS = 125
"""PCAN's gain: 2 exact values, then (value, slope, curvature, unused) for 31 powers of two, less the last."""
LOG_SEGMENTS = 128
NEPER_PER_DB = 0.11512925465
"""ln(10) / 20."""

Int16 = NDArray[np.int16]
Uint16 = NDArray[np.uint16]


def fft_length(window_samples: int) -> int:
    """Returns the least power of two that holds the window, 32 at least."""
    return max(32, 1 << (window_samples - 1).bit_length())


def window_table(window_samples: int) -> Int16:
    """Returns the Hann window in Q12, (window_samples,)."""
    step = np.float32(2.0 * math.pi / window_samples)
    arguments = [np.float32(step * np.float32(i + 0.5)) for i in range(window_samples)]
    cosines = np.array([math.cos(float(argument)) for argument in arguments], np.float32)
    shape = np.float32(0.5) - np.float32(0.5) * cosines
    return np.floor(shape.astype(np.float64) * (1 << WINDOW_BITS) + 0.5).astype(np.int16)


def twiddle(phase: float) -> tuple[int, int]:
    """Returns exp(i phase) as kissfft rounds it: real and imaginary part in units of 1 / 32767."""
    return math.floor(0.5 + 32767 * math.cos(phase)), math.floor(0.5 + 32767 * math.sin(phase))


def fft_twiddles(length: int) -> Int16:
    """Returns the twiddles of a complex FFT, in the order kws_fft_complex reads them.

    For each radix-4 stage but a first one, joining transforms of ``joined`` points: (3 powers, 2, joined),
    where the 2 are real and imaginary parts.
    """
    joined = length
    while joined > 4:
        joined //= 4
    stages = []
    while joined < length:
        step = length // (4 * joined)
        for power in (1, 2, 3):
            points = [twiddle(-2 * math.pi / length * (k * step * power)) for k in range(joined)]
            stages.append(np.array(points, np.int16).T.ravel())
        joined *= 4
    return np.concatenate(stages) if stages else np.zeros(0, np.int16)


def split_twiddles(length: int) -> Int16:
    """Returns the twiddles that split a complex FFT's output into a real FFT's: (re and im, length / 2)."""
    points = [twiddle(-math.pi * ((i + 1) / length + 0.5)) for i in range(length // 2)]
    return np.array(points, np.int16).T.ravel()


def mel(frequency_hz: float) -> np.float32:
    """Returns the mel scale's value, 1127 ln(1 + f / 700)."""
    return np.float32(1127.0 * math.log1p(frequency_hz / 700.0))


def mel_filterbank(config: FrontendConfig, length: int) -> tuple[int, Uint16, Uint16]:
    """Computes the triangular filters over the bins of a real FFT.

    Band b ends at centre b, and starts where the band before it ended. Its bins add to channel b - 1 with
    their weight, which falls from 1 to 0 over the band, and to channel b with the complement, which rises.

    Returns:
        first bin; bins in each band (channels + 1,); weight and complement of each bin, Q12, (bins, 2).
    """
    low, high = mel(config.filterbank_lower_band_limit), mel(config.filterbank_upper_band_limit)
    num_bands = config.filterbank_n_channels + 1
    spacing = np.float32((high - low) / np.float32(num_bands))
    centres = [np.float32(low + spacing * np.float32(i + 1)) for i in range(num_bands)]
    hz_per_bin = np.float32(0.5 * config.sample_rate_hz / (length // 2))
    first_bin = int(1.5 + np.float32(config.filterbank_lower_band_limit) / hz_per_bin)
    widths, weights = [], []
    bin_index = first_bin
    for band, centre in enumerate(centres):
        start = bin_index
        below = low if band == 0 else centres[band - 1]
        # The bin at half the sample rate could only be the end of the last band, where its weight is 0.
        while bin_index < length // 2 and (at := mel(float(np.float32(bin_index) * hz_per_bin))) <= centre:
            weight = float(np.float32((centre - at) / (centre - below)))
            weights.append([math.floor(x * (1 << WEIGHT_BITS) + 0.5) for x in (weight, 1.0 - weight)])
            bin_index += 1
        widths.append(bin_index - start)
    return first_bin, np.array(widths, np.uint16), np.array(weights, np.uint16).reshape(-1, 2)


def log_table() -> Uint16:
    """Returns log2(1 + x) - x in Q16 at the ends of 128 segments of [0, 1]: (129,)."""
    x = [i / LOG_SEGMENTS for i in range(LOG_SEGMENTS + 1)]
    return np.array([round(65536 * (math.log2(1 + v) - v)) for v in x], np.uint16)


def gain_table(config: FrontendConfig, correction_bits: int) -> Int16:
    """Returns PCAN's gain (noise + offset)^-strength as a piecewise quadratic over powers of two: (125,)."""
    input_bits = config.noise_reduction_smoothing_bits - correction_bits
    strength = float(np.float32(config.pcan_strength))
    offset = np.float32(config.pcan_offset)

    def gain(noise: int) -> int:
        base = float(np.float32(np.float32(noise) / np.float32(1 << input_bits)) + offset)
        if base == 0.0 and strength > 0.0:
            return 32767
        power = np.float32(math.pow(base, -strength))
        value = np.float32(1 << config.pcan_gain_bits) * power
        return 32767 if value > 32767 else int(np.float32(value + np.float32(0.5)))

    table = np.zeros(GAIN_POINTS, np.int16)
    table[0:2] = gain(0), gain(1)
    for interval in range(2, 33):
        start = 1 << (interval - 1)
        end = 2 * start if interval < 32 else 2 * start - 1
        y0, y1, y2 = gain(start), gain(start + start // 2), gain(end)
        slope = 4 * (y1 - y0) - (y2 - y0)
        at = 4 * interval - 6
        table[at : at + 3] = y0, wrap_int16(slope), wrap_int16(y2 - y0 - slope)
    return table


def wrap_int16(value: int) -> int:
    """Returns the value as a C cast to int16 leaves it."""
    return (value + 0x8000) % 0x10000 - 0x8000


def checked(condition: bool, key: str, received: object, allowed: str) -> None:
    """Raises a KwspipeError for the setting ``frontend.<key>`` unless the condition holds."""
    if not condition:
        raise KwspipeError(
            f"frontend.{key}", f"{received}", allowed, "change it in the frontend configuration"
        )


def constants(config: FrontendConfig, length: int) -> dict[str, int]:
    """Returns the head's constants that noise reduction, PCAN, log, notch and int8 scale use."""
    correction_bits = length.bit_length() - 7
    pcan_shift = config.pcan_gain_bits - correction_bits - PCAN_SNR_BITS
    if config.pcan_enable:
        allowed = "false without noise_reduction_enable, whose estimate it divides by"
        checked(config.noise_reduction_enable, "pcan_enable", "true", allowed)
        least = correction_bits + PCAN_SNR_BITS
        checked(
            pcan_shift >= 0, "pcan_gain_bits", config.pcan_gain_bits, f"{least} or more for this FFT length"
        )
        bits = config.noise_reduction_smoothing_bits
        checked(
            bits >= correction_bits,
            "noise_reduction_smoothing_bits",
            bits,
            f"{correction_bits} or more with PCAN",
        )
    coefficient = config.dc_notch_filter_coefficient
    checked(
        not config.dc_notch_filter_enable or coefficient < 1,
        "dc_notch_filter_coefficient",
        coefficient,
        "0 .. 0.999",
    )

    def fixed(value: float, bits: int) -> int:
        return int(np.float32(value) * np.float32(1 << bits))

    flags = (
        FLAG_DC_NOTCH * config.dc_notch_filter_enable
        | FLAG_NOISE_REDUCTION * config.noise_reduction_enable
        | FLAG_PCAN * config.pcan_enable
        | FLAG_LOG * config.log_scale_enable
        | FLAG_DYNAMIC_SCALE * config.quantize_dynamic_scale_enable
    )
    units = 1 << config.log_scale_shift
    dynamic_range = int(config.quantize_dynamic_scale_range_db * units * NEPER_PER_DB)
    return {
        "flags": flags,
        "dc_notch_q15": min(fixed(coefficient, 15), 32767),
        "noise_smoothing_bits": config.noise_reduction_smoothing_bits,
        "noise_even_q14": fixed(config.noise_reduction_even_smoothing, NOISE_BITS),
        "noise_odd_q14": fixed(config.noise_reduction_odd_smoothing, NOISE_BITS),
        "min_signal_q14": fixed(config.noise_reduction_min_signal_remaining, NOISE_BITS),
        "pcan_shift": pcan_shift if config.pcan_enable else 0,
        "log_scale_shift": config.log_scale_shift,
        "dynamic_range": min(dynamic_range, 0xFFFF),
    }


def build_tables(config: FrontendConfig) -> bytes:
    """Computes all tables of a front end and packs them as ``kws_frontend_tables.h`` says.

    Raises:
        KwspipeError: settings that are each in range but contradict each other.
    """
    window_samples = config.window_size_ms * config.sample_rate_hz // 1000
    step_samples = config.window_step_ms * config.sample_rate_hz // 1000
    step_ms = config.window_step_ms
    checked(
        step_samples <= window_samples,
        "window_step_ms",
        step_ms,
        f"window_size_ms ({config.window_size_ms}) or less",
    )
    length = fft_length(window_samples)
    first_bin, widths, weights = mel_filterbank(config, length)
    limits = f"{config.filterbank_lower_band_limit} .. {config.filterbank_upper_band_limit} Hz"
    spacing_hz = config.sample_rate_hz / length
    checked(
        len(weights) > 0,
        "filterbank_lower_band_limit",
        limits,
        f"limits with FFT bins ({spacing_hz} Hz) between them",
    )
    values = constants(config, length)
    correction_bits = length.bit_length() - 7
    tables = {
        "window": window_table(window_samples),
        "fft_twiddles": fft_twiddles(length // 2),
        "split_twiddles": split_twiddles(length // 2),
        "band_widths": widths,
        "weights": weights,
        "log_table": log_table(),
        "gain_table": gain_table(config, correction_bits) if config.pcan_enable else None,
    }
    head = {
        "magic": MAGIC,
        "version": VERSION,
        "size_bytes": 0,
        "flags": values.pop("flags"),
        "sample_rate_hz": config.sample_rate_hz,
        "clip_samples": config.sample_length,
        "num_frames": (config.sample_length - window_samples) // step_samples + 1,
        "window_samples": window_samples,
        "step_samples": step_samples,
        "fft_length": length,
        "num_channels": config.filterbank_n_channels,
        "first_bin": first_bin,
        "num_bins": len(weights),
        **values,
    }
    return pack(head, tables)


def pack(head: dict[str, int], tables: dict[str, NDArray | None]) -> bytes:
    """Appends the tables' offsets to the head and the tables behind it; offset 0 where there is no table."""
    offset = 4 * (len(head) + len(tables))
    body = b""
    for name, table in tables.items():
        head[f"{name}_offset"] = offset + len(body) if table is not None else 0
        if table is not None:
            data = table.astype(table.dtype.newbyteorder("<")).tobytes()
            body += data + bytes(-len(data) % 4)
    head["size_bytes"] = offset + len(body)
    return struct.pack(f"<{len(head)}I", *head.values()) + body
