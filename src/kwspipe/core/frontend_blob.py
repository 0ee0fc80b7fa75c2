"""Binary format of the front end's tables and constants, identical on the PC and on the board.

The layout is that of ``kws_frontend_tables.h``: a head of 32-bit words, followed by the tables, in little-endian order.
The names of the head's fields, magic number, version and flags are read from the C declarations.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from kwspipe._core import ffi, lib
from kwspipe.config import FrontendConfig
from kwspipe.core.frontend_tables import (
    correction_bits,
    fft_length,
    fft_twiddles,
    gain_table,
    log_table,
    max_gain_bits,
    mel_filterbank,
    split_twiddles,
    window_table,
)
from kwspipe.errors import KwspipeError

NOISE_BITS = 14
"""Fraction bits of the noise reduction's constants."""
NOTCH_BITS = 15
"""Fraction bits of the DC notch filter's coefficient."""
PCAN_SNR_BITS = 12
"""Fraction bits of the signal-to-noise ratio in PCAN."""
NEPER_PER_DB = 0.11512925465
"""ln(10) / 20."""


def build_tables(config: FrontendConfig) -> bytes:
    """Computes the tables and constants of a front end and returns them as a blob.

    Raises:
        KwspipeError: the settings contradict each other.
    """
    window_samples = config.window_size_ms * config.sample_rate_hz // 1000
    step_samples = config.window_step_ms * config.sample_rate_hz // 1000
    allowed = f"window_size_ms ({config.window_size_ms}) or less"
    require(step_samples <= window_samples, "window_step_ms", config.window_step_ms, allowed)
    length = fft_length(window_samples)
    first_bin, widths, weights = mel_filterbank(config, length)
    limits = f"{config.filterbank_lower_band_limit} .. {config.filterbank_upper_band_limit} Hz"
    allowed = (
        f"limits with at least one FFT bin between them, at a spacing of {config.sample_rate_hz / length} Hz"
    )
    require(len(weights) > 0, "filterbank_lower_band_limit", limits, allowed)
    head = {
        "sample_rate_hz": config.sample_rate_hz,
        "clip_samples": config.sample_length,
        "num_frames": (config.sample_length - window_samples) // step_samples + 1,
        "window_samples": window_samples,
        "step_samples": step_samples,
        "fft_length": length,
        "num_channels": config.filterbank_n_channels,
        "first_bin": first_bin,
        "num_bins": len(weights),
        "flags": flags(config),
        **constants(config),
        **pcan_constants(config, length),
    }
    tables: dict[str, NDArray] = {
        "window": window_table(window_samples),
        "fft_twiddles": fft_twiddles(length // 2),
        "split_twiddles": split_twiddles(length // 2),
        "band_widths": widths,
        "weights": weights,
        "log_table": log_table(),
    }
    if config.pcan_enable:
        tables["gain_table"] = gain_table(config, length)
    return pack(head, tables)


def flags(config: FrontendConfig) -> int:
    """Returns the bits of the enabled steps."""
    return (
        lib.KWS_FRONTEND_DC_NOTCH * config.dc_notch_filter_enable
        | lib.KWS_FRONTEND_NOISE_REDUCTION * config.noise_reduction_enable
        | lib.KWS_FRONTEND_PCAN * config.pcan_enable
        | lib.KWS_FRONTEND_LOG * config.log_scale_enable
        | lib.KWS_FRONTEND_DYNAMIC_SCALE * config.quantize_dynamic_scale_enable
    )


def constants(config: FrontendConfig) -> dict[str, int]:
    """Returns the fixed-point constants of notch filter, noise reduction, logarithm and int8 scale."""

    def fixed(value: float, bits: int) -> int:
        return int(np.float32(value) * np.float32(1 << bits))

    notch = fixed(config.dc_notch_filter_coefficient, NOTCH_BITS)
    on = config.dc_notch_filter_enable
    received = config.dc_notch_filter_coefficient
    require(
        not on or notch < 1 << NOTCH_BITS,
        "dc_notch_filter_coefficient",
        received,
        "0 or more and less than 1",
    )
    units = np.float32(1 << config.log_scale_shift)
    dynamic_range = float(np.float32(config.quantize_dynamic_scale_range_db) * units) * NEPER_PER_DB
    on = config.quantize_dynamic_scale_enable
    received = config.quantize_dynamic_scale_range_db
    require(
        not on or dynamic_range >= 1,
        "quantize_dynamic_scale_range_db",
        received,
        "a range of one unit or more",
    )
    return {
        "dc_notch_q15": min(notch, (1 << NOTCH_BITS) - 1),
        "noise_smoothing_bits": config.noise_reduction_smoothing_bits,
        "noise_even_q14": fixed(config.noise_reduction_even_smoothing, NOISE_BITS),
        "noise_odd_q14": fixed(config.noise_reduction_odd_smoothing, NOISE_BITS),
        "min_signal_q14": fixed(config.noise_reduction_min_signal_remaining, NOISE_BITS),
        "log_scale_shift": config.log_scale_shift,
        "dynamic_range": int(min(dynamic_range, 0xFFFF)),  # maximum of a feature
    }


def pcan_constants(config: FrontendConfig, length: int) -> dict[str, int]:
    """Returns the shift of PCAN, which is 0 if PCAN is disabled."""
    if not config.pcan_enable:
        return {"pcan_shift": 0}
    allowed = "false without noise_reduction_enable, because PCAN divides by the noise estimate"
    require(config.noise_reduction_enable, "pcan_enable", "true", allowed)
    correction = correction_bits(length)
    bits = config.noise_reduction_smoothing_bits
    allowed = f"{correction} or more with PCAN and an FFT length of {length}"
    require(bits >= correction, "noise_reduction_smoothing_bits", bits, allowed)
    require(config.pcan_offset >= 1, "pcan_offset", config.pcan_offset, "1 or more with PCAN")
    lowest, highest = correction + PCAN_SNR_BITS, max_gain_bits(config)
    allowed = f"{lowest} .. {highest} with an FFT length of {length}, this pcan_offset and this pcan_strength"
    require(lowest <= config.pcan_gain_bits <= highest, "pcan_gain_bits", config.pcan_gain_bits, allowed)
    return {"pcan_shift": config.pcan_gain_bits - lowest}


def require(condition: bool, key: str, received: object, allowed: str) -> None:
    """Raises KwspipeError for the setting ``frontend.<key>`` if the condition is false."""
    if not condition:
        raise KwspipeError(
            f"frontend.{key}", f"{received}", allowed, "change it in the front end's configuration"
        )


def pack(head: dict[str, int], tables: dict[str, NDArray]) -> bytes:
    """Returns head and tables as a blob; sets the offset of each table in the head, 0 for an absent table."""
    fields = [name for name, _ in ffi.typeof("kws_frontend_tables_t").fields]
    offset = 4 * len(fields)
    body = b""
    for name, table in tables.items():
        head[f"{name}_offset"] = offset + len(body)
        data = table.astype(table.dtype.newbyteorder("<")).tobytes()
        body += data + bytes(-len(data) % 4)
    head.setdefault("gain_table_offset", 0)
    head["magic"] = lib.KWS_FRONTEND_MAGIC
    head["version"] = lib.KWS_FRONTEND_VERSION
    head["size_bytes"] = offset + len(body)
    return struct.pack(f"<{len(fields)}I", *(head[name] for name in fields)) + body
