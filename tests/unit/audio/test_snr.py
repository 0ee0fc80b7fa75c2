"""Mean power and the gain of noise for a signal-to-noise ratio."""

import numpy as np
import pytest

from kwspipe.audio.snr import mean_power, noise_gain


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.5])
def test_the_scaled_noise_has_the_ratio(snr_db: float):
    random = np.random.default_rng(1)
    signal = (0.3 * random.standard_normal(4000)).astype(np.float32)
    noise = (0.01 * random.standard_normal(9000)).astype(np.float32)
    gain = noise_gain(mean_power(signal), mean_power(noise), snr_db)
    assert gain.dtype == np.float32
    ratio = mean_power(signal) / mean_power(gain * noise)
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=1e-4)


def test_no_samples_have_no_power():
    assert mean_power(np.zeros(0, np.float32)) == 0.0
    assert mean_power(np.full(10, 0.5, np.float32)) == 0.25
