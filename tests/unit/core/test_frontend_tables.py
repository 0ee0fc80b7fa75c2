"""Tables of the front end; with any settings, the C core equals a simple second implementation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.frontend_tables import (
    fft_length,
    fft_twiddles,
    gain_table,
    log_table,
    mel_filterbank,
    window_table,
)
from kwspipe.errors import KwspipeError
from support.frontend_model import FrontEndModel, gain_at

FFT_LENGTHS = {
    32: (4000, 5),
    64: (8000, 5),
    128: (8000, 10),
    1024: (16000, 50),
    2048: (16000, 100),
    8192: (48000, 128),
}


def sounds(num_samples: int, seed: int) -> np.ndarray:
    """Returns silence, a tone, noise and clipped noise, a quarter each."""
    random = np.random.default_rng(seed)
    parts = np.array_split(np.zeros(num_samples), 4)
    parts[1] = 20000 * np.sin(np.arange(len(parts[1])) * random.uniform(0.05, 2))
    parts[2] = random.normal(0, 300, len(parts[2]))
    parts[3] = random.normal(0, 60000, len(parts[3]))
    return np.concatenate(parts).clip(-32768, 32767).astype(np.int16)


def assert_equals_model(config: FrontendConfig, seed: int = 0) -> None:
    frontend = FrontEnd(config)
    clip = sounds(frontend.clip_samples, seed)
    features = frontend.features(clip[None], dtype=np.uint16)[0]
    np.testing.assert_array_equal(features, FrontEndModel(config).features(clip))
    assert features.any()


@pytest.mark.parametrize("length", FFT_LENGTHS)
def test_each_fft_length_equals_the_model(default_frontend: FrontendConfig, length: int) -> None:
    rate_hz, window_ms = FFT_LENGTHS[length]
    assert fft_length(window_ms * rate_hz // 1000) == length
    config = replace(
        default_frontend,
        sample_rate_hz=rate_hz,
        sample_length_ms=6 * window_ms if window_ms > 16 else 100,
        window_size_ms=window_ms,
        window_step_ms=window_ms,
        filterbank_n_channels=20,
        filterbank_lower_band_limit=60.0,
        filterbank_upper_band_limit=rate_hz / 2,
        pcan_enable=True,
    )
    assert_equals_model(config)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_random_settings_equal_the_model(default_frontend: FrontendConfig, data: st.DataObject) -> None:
    draw = data.draw
    rate_hz = draw(st.sampled_from([4000, 8000, 11025, 16000, 22050]))
    window_ms = draw(st.integers(8, 40))
    low_hz = draw(st.floats(20, 800))
    config = replace(
        default_frontend,
        sample_rate_hz=rate_hz,
        sample_length_ms=draw(st.integers(100, 200)),
        window_size_ms=window_ms,
        window_step_ms=draw(st.integers(window_ms // 3, window_ms)),
        filterbank_n_channels=draw(st.integers(4, 128)),
        filterbank_lower_band_limit=low_hz,
        filterbank_upper_band_limit=draw(st.floats(low_hz + 300, rate_hz / 2)),
        noise_reduction_smoothing_bits=draw(st.integers(5, 12)),
        noise_reduction_even_smoothing=draw(st.floats(0, 1)),
        noise_reduction_odd_smoothing=draw(st.floats(0, 1)),
        noise_reduction_min_signal_remaining=draw(st.floats(0, 1)),
        pcan_enable=draw(st.booleans()),
        pcan_strength=draw(st.floats(0.5, 1)),
        pcan_offset=draw(st.floats(100, 1000)),
        pcan_gain_bits=draw(st.integers(16, 18)),
        log_scale_enable=draw(st.booleans()),
        log_scale_shift=draw(st.integers(0, 10)),
        dc_notch_filter_enable=draw(st.booleans()),
        dc_notch_filter_coefficient=draw(st.floats(0, 0.999)),
    )
    frontend = FrontEnd(config)
    clip = sounds(frontend.clip_samples, draw(st.integers(0, 1000)))
    features = frontend.features(clip[None], dtype=np.uint16)[0]
    np.testing.assert_array_equal(features, FrontEndModel(config).features(clip))


def test_a_dynamic_range_above_that_of_the_values_is_the_full_range(default_frontend: FrontendConfig) -> None:
    dynamic = replace(default_frontend, quantize_dynamic_scale_enable=True)
    large, larger = (replace(dynamic, quantize_dynamic_scale_range_db=db) for db in (9000.0, 1e30))
    assert FrontEnd(large).tables == FrontEnd(larger).tables


def test_equal_settings_have_equal_tables(default_frontend: FrontendConfig) -> None:
    assert FrontEnd(default_frontend).tables == FrontEnd(replace(default_frontend)).tables
    assert FrontEnd(default_frontend).tables != FrontEnd(replace(default_frontend, pcan_enable=True)).tables


def test_the_window_is_symmetric_and_ends_near_zero() -> None:
    window = window_table(480)
    assert window[0] == 0 and window[239] == window[240] == 4096
    assert abs(window - window[::-1]).max() <= 1  # its arguments are rounded to float32


def test_the_sum_of_weight_and_complement_is_one(default_frontend: FrontendConfig) -> None:
    first_bin, widths, weights = mel_filterbank(default_frontend, 512)
    assert first_bin == 5 and widths.sum() == len(weights)
    assert set(weights.sum(axis=1).tolist()) <= {4096, 4097}  # both are rounded up at one half


def test_the_log_table_is_zero_at_both_ends() -> None:
    table = log_table()
    assert len(table) == 129 and table[0] == table[-1] == 0 and 5640 <= table.max() <= 5642


def test_gains_decrease_with_the_noise_and_are_not_negative(default_frontend: FrontendConfig) -> None:
    table = gain_table(default_frontend, 512)
    noise = [0, 1, 2, 3, *np.unique(np.geomspace(4, 2**32 - 1, 2000).astype(np.int64)).tolist()]
    gains = np.array([gain_at(x, table) for x in noise])
    assert gains[0] == 32636 and gains.min() >= 0  # 2^21 / 80^0.95
    assert (np.diff(gains) <= 1).all()


def test_twiddles_are_on_the_unit_circle() -> None:
    twiddles = fft_twiddles(256).astype(np.int64)
    assert len(twiddles) == 6 * (4 + 16 + 64)
    last = twiddles[-6 * 64 :].reshape(3, 2, 64)
    np.testing.assert_allclose(np.hypot(last[:, 0], last[:, 1]), 32767, atol=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window_step_ms": 40}, "frontend.window_step_ms: 40. Allowed: window_size_ms (30) or less"),
        (
            {"filterbank_lower_band_limit": 7490.0},
            "frontend.filterbank_lower_band_limit: 7490.0 .. 7500.0 Hz. Allowed: limits with at least one FFT bin",
        ),
        (
            {"pcan_enable": True, "noise_reduction_enable": False},
            "frontend.pcan_enable: true. Allowed: false",
        ),
        ({"pcan_enable": True, "pcan_gain_bits": 14}, "frontend.pcan_gain_bits: 14. Allowed: 15 .. 21"),
        ({"pcan_enable": True, "pcan_gain_bits": 22}, "frontend.pcan_gain_bits: 22. Allowed: 15 .. 21"),
        ({"pcan_enable": True, "pcan_offset": 0.5}, "frontend.pcan_offset: 0.5. Allowed: 1 or more"),
        (
            {"pcan_enable": True, "noise_reduction_smoothing_bits": 2},
            "frontend.noise_reduction_smoothing_bits: 2. Allowed: 3 or more",
        ),
        (
            {"dc_notch_filter_enable": True, "dc_notch_filter_coefficient": 1.0},
            "frontend.dc_notch_filter_coefficient: 1.0. Allowed: 0 or more and less than 1",
        ),
        (
            {"quantize_dynamic_scale_enable": True, "quantize_dynamic_scale_range_db": 0.1},
            "frontend.quantize_dynamic_scale_range_db: 0.1. Allowed: a range of one unit or more",
        ),
    ],
)
def test_the_error_for_contradicting_settings_has_the_key(
    default_frontend: FrontendConfig, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(KwspipeError) as error:
        FrontEnd(replace(default_frontend, **changes))
    assert message in str(error.value)
