"""Gain of noise for a given signal-to-noise ratio."""

import numpy as np

from kwspipe.audio.pcm import Samples


def mean_power(samples: Samples) -> float:
    """Returns the mean square of samples of any shape, computed in float64; 0 where there are none."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0


def noise_gain(signal_power: float, noise_power: float, snr_db: float) -> np.float32:
    """Returns the factor for the noise samples that gives a signal-to-noise ratio.

    With the factor ``g = sqrt(signal_power / noise_power * 10^(-snr_db / 10))``, the ratio
    ``10 * log10(signal_power / (g^2 * noise_power))`` is ``snr_db``.

    Args:
        signal_power: mean square of the signal.
        noise_power: mean square of the noise, above 0.
        snr_db: ratio of signal power to noise power, in dB.
    """
    return np.float32(np.sqrt(signal_power / noise_power * 10 ** (-snr_db / 10)))
