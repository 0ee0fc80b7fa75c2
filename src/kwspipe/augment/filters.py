"""Linear filters as transfer functions, which are applied with one Fourier transform per clip."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from kwspipe.augment import fourier
from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.parameters import interval, number
from kwspipe.augment.random import CounterRng, Indices

Response = npt.NDArray[np.complexfloating] | npt.NDArray[np.float32]

# First knot of a microphone's frequency response. The knots have equal distances in octaves up to half the sample rate.
LOWEST_KNOT_HZ = 62.5
# Transition band of the anti-aliasing filter, as a share of the band; a typical value for converters.
ROLL_OFF = 0.15
# Zero-phase responses ring before and after. This padding keeps the ringing from the other end of the clip.
RINGING_SAMPLES = 512


class Filter(Protocol):
    """The interface of transforms that are linear filters."""

    num_taps: int
    """Number of samples by which the filter extends a clip."""

    def responses(self, num_fft: int, rate_hz: int, rng: CounterRng) -> Response:
        """Returns a transfer function per clip, (clips, num_fft // 2 + 1), for a Fourier transform of ``num_fft``."""


def filter_clips(clips: ClipBatch, filters: list[tuple[Filter, Indices, CounterRng]]) -> None:
    """Filters clips in place.

    Args:
        clips: the batch.
        filters: each with its rows and its random numbers for these rows.
    """
    rows = np.unique(np.concatenate([rows for _, rows, _ in filters]))
    if not len(rows):
        return
    num_fft = fft_length(clips.length, [filter_ for filter_, _, _ in filters])
    spectra = fourier.rfft(clips.samples[rows], num_fft)  # (rows, num_fft // 2 + 1) complex64
    for filter_, filter_rows, rng in filters:
        if len(filter_rows):
            spectra[np.searchsorted(rows, filter_rows)] *= filter_.responses(num_fft, clips.rate_hz, rng)
    clips.samples[rows] = fourier.irfft(spectra, num_fft, overwrite=True)[:, : clips.length]


def fft_length(length: int, filters: list[Filter]) -> int:
    """Returns the length of a Fourier transform that filters clips of ``length`` samples without wrap-around."""
    return fourier.fast_size(length + sum(filter_.num_taps for filter_ in filters))


class MicrophoneColour:
    """Applies a smooth random frequency response, as that of another microphone.

    The curve is linear in dB between knots with equal distances in octaves, from 62.5 Hz to half the sample rate.

    Args:
        max_gain_db: maximum absolute gain at each knot.
        num_knots: number of knots.
    """

    num_taps = RINGING_SAMPLES

    def __init__(self, max_gain_db: float = 8.0, num_knots: int = 8) -> None:
        self.max_gain_db = number("max_gain_db", max_gain_db, 0, 40)
        self.num_knots = int(number("num_knots", num_knots, 2, 32))
        self._basis: dict[tuple[int, int], npt.NDArray[np.float32]] = {}

    def responses(self, num_fft: int, rate_hz: int, rng: CounterRng) -> Response:
        """Returns (clips, num_fft // 2 + 1) float32."""
        if (num_fft, rate_hz) not in self._basis:
            self._basis[num_fft, rate_hz] = self._curves(num_fft, rate_hz)
        knots_db = [rng.uniform(-self.max_gain_db, self.max_gain_db) for _ in range(self.num_knots)]
        exponents = np.stack(knots_db, axis=1).astype(np.float32) * np.float32(np.log(10) / 20)
        return np.exp(exponents @ self._basis[num_fft, rate_hz])

    def _curves(self, num_fft: int, rate_hz: int) -> npt.NDArray[np.float32]:
        """Returns the share of each knot in the gain of each bin, (knots, bins)."""
        bins_hz = np.maximum(np.fft.rfftfreq(num_fft, 1 / rate_hz), LOWEST_KNOT_HZ)
        knots = np.linspace(np.log2(LOWEST_KNOT_HZ), np.log2(rate_hz / 2), self.num_knots)
        unit = np.eye(self.num_knots)
        return np.stack([np.interp(np.log2(bins_hz), knots, row) for row in unit]).astype(np.float32)


class LowerSampleRate:
    """Removes the frequencies that a recording of a lower sample rate does not contain, for example a telephone's.

    Args:
        min_sample_rate: lowest sample rate in Hz.
        max_sample_rate: highest sample rate in Hz.
    """

    num_taps = RINGING_SAMPLES

    def __init__(self, min_sample_rate: float = 8000.0, max_sample_rate: float = 8000.0) -> None:
        bounds = {"min_sample_rate": min_sample_rate, "max_sample_rate": max_sample_rate}
        self.rate_hz = interval(bounds, 1000, 192000)

    def responses(self, num_fft: int, rate_hz: int, rng: CounterRng) -> Response:
        """Returns (clips, num_fft // 2 + 1) float32: 1, with a cosine transition to 0 at half of the lower rate."""
        nyquist_hz = rng.uniform(*self.rate_hz)[:, None].astype(np.float32) / 2
        bins_hz = np.fft.rfftfreq(num_fft, 1 / rate_hz).astype(np.float32)
        transition = np.clip((bins_hz / nyquist_hz - (1 - ROLL_OFF)) / ROLL_OFF, 0, 1)
        return (0.5 + 0.5 * np.cos(np.float32(np.pi) * transition)).astype(np.float32)
