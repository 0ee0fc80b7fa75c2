"""Features of the front end, compared with recorded features, which need no reference material.

``python tests/contract/test_frontend_recorded.py`` records the features again. Run it only for an intended change of
the format, and only after test_frontend_golden has passed.
"""

from dataclasses import replace

import numpy as np
import pytest

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from support.default_settings import VENDOR_FRONTEND
from support.paths import REPOSITORY

RECORD = REPOSITORY / "tests" / "data" / "frontend_recorded.npz"
CASES: dict[str, dict[str, object]] = {
    "default": {},
    "pcan_and_notch": {"pcan_enable": True, "dc_notch_filter_enable": True},
    "dynamic_scale": {"quantize_dynamic_scale_enable": True},
    "fft_256": {"sample_rate_hz": 8000, "filterbank_upper_band_limit": 3800.0, "filterbank_n_channels": 32},
    "fft_1024": {"window_size_ms": 64, "window_step_ms": 32, "filterbank_upper_band_limit": 7500.0},
}


def waveforms(num_samples: int) -> np.ndarray:
    """Returns (3, num_samples) int16, equal on every computer: increasing noise, rising tones, clipped noise."""
    state, tone, last = 1, 900, 0
    samples = np.zeros((3, num_samples), np.int16)
    for i in range(num_samples):
        state = (1103515245 * state + 12345) % 2**31
        noise = (state >> 15) - 32768
        samples[0, i] = noise * (i % 6400) >> 14
        # A damped two-pole resonator, excited by pulses. 2 cos(angle) in Q14 decreases, therefore the pitch rises.
        cosine = 32500 - 3 * (i % 8000)
        tone, last = (cosine * tone >> 14) - (16300 * last >> 14) + (900 if i % 133 == 0 else 0), tone
        samples[1, i] = max(-32768, min(32767, tone))
        samples[2, i] = max(-32768, min(32767, 3 * noise)) if i > num_samples // 3 else 0
    return samples


def compute(base: FrontendConfig, case: str, dtype: str) -> np.ndarray:
    frontend = FrontEnd(replace(base, **CASES[case]))
    return frontend.features(waveforms(frontend.clip_samples), dtype=dtype)


@pytest.mark.parametrize("dtype", ["uint16", "int8"])
@pytest.mark.parametrize("case", CASES)
def test_features_equal_the_recorded_ones(case: str, dtype: str) -> None:
    with np.load(RECORD) as record:
        np.testing.assert_array_equal(compute(VENDOR_FRONTEND, case, dtype), record[f"{case}.{dtype}"])


def test_recorded_features_have_many_different_values() -> None:
    with np.load(RECORD) as record:
        assert all(len(np.unique(record[f"{case}.uint16"])) > 200 for case in CASES)


if __name__ == "__main__":
    features = {
        f"{case}.{dtype}": compute(VENDOR_FRONTEND, case, dtype)
        for case in CASES
        for dtype in ("uint16", "int8")
    }
    np.savez_compressed(RECORD, **features)
