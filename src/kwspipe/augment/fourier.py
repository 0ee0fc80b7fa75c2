"""Fourier transforms in float32, by scipy, which is imported at the first transform."""

import numpy as np
import numpy.typing as npt


def rfft(samples: npt.NDArray[np.float32], size: int | None = None) -> npt.NDArray[np.complex64]:
    """Returns spectra (..., size // 2 + 1) of real samples (..., samples), padded with zeros to ``size``."""
    import scipy.fft

    spectra: npt.NDArray[np.complex64] = scipy.fft.rfft(samples, size)
    return spectra


def irfft(spectra: npt.NDArray[np.complex64], size: int, overwrite: bool = False) -> npt.NDArray[np.float32]:
    """Returns real samples (..., size) of spectra (..., bins); ``overwrite`` permits the use of their memory."""
    import scipy.fft

    samples: npt.NDArray[np.float32] = scipy.fft.irfft(spectra, size, overwrite_x=overwrite)
    return samples


def fast_size(at_least: int) -> int:
    """Returns the smallest size from ``at_least`` on for which a real transform is fast."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(at_least, real=True))
