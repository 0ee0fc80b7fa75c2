"""Linear filters as transfer functions: however many follow one another, a clip goes through one Fourier transform."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from kwspipe.augment import fourier
from kwspipe.augment.batch import ClipBatch
from kwspipe.augment.parameters import interval, number
from kwspipe.augment.random import CounterRng, Indices

Response = npt.NDArray[np.complexfloating] | npt.NDArray[np.float32]

# The knots of a microphone's colour, evenly spaced in octaves from this frequency to half the sample rate.
LOWEST_KNOT_HZ = 62.5
# Share of the band over which a lower sample rate's anti-aliasing filter falls off; converters have about so much.
ROLL_OFF = 0.15
# Responses without phase ring before and after; as many samples keep what would come round from the other end away.
RINGING_SAMPLES = 512


class Filter(Protocol):
    """A transform that is a linear filter."""

    num_taps: int
    """Samples by which it makes a clip longer."""

    def responses(self, num_fft: int, rate_hz: int, draws: CounterRng) -> Response:
        """Returns a transfer function a clip, (clips, num_fft // 2 + 1), for a Fourier transform of ``num_fft``."""


def filter_clips(clips: ClipBatch, filters: list[tuple[Filter, Indices, CounterRng]]) -> None:
    """Filters clips in place.

    Args:
        clips: the batch.
        filters: each with the rows it acts on and its draws for them.
    """
    rows = np.unique(np.concatenate([rows for _, rows, _ in filters]))
    if not len(rows):
        return
    num_fft = fft_length(clips.length, [one for one, _, _ in filters])
    spectra = fourier.rfft(clips.samples[rows], num_fft)  # (rows, num_fft // 2 + 1) complex64
    for one, own, draws in filters:
        if len(own):
            spectra[np.searchsorted(rows, own)] *= one.responses(num_fft, clips.rate_hz, draws)
    clips.samples[rows] = fourier.irfft(spectra, num_fft, overwrite=True)[:, : clips.length]


def fft_length(length: int, filters: list[Filter]) -> int:
    """Returns the length of a Fourier transform in which clips of ``length`` samples do not run into themselves."""
    return fourier.fast_size(length + sum(one.num_taps for one in filters))


class MicrophoneColour:
    """Gives clips the frequency response of another microphone: a smooth random curve.

    The curve is linear in dB between knots an equal number of octaves apart, from 62.5 Hz to half the sample rate.

    Args:
        max_gain_db: the gain at each knot is drawn between minus this and this.
        num_knots: of them.
    """

    num_taps = RINGING_SAMPLES

    def __init__(self, max_gain_db: float = 8.0, num_knots: int = 8) -> None:
        self.max_gain_db = number("max_gain_db", max_gain_db, 0, 40)
        self.num_knots = int(number("num_knots", num_knots, 2, 32))
        self._basis: dict[tuple[int, int], npt.NDArray[np.float32]] = {}

    def responses(self, num_fft: int, rate_hz: int, draws: CounterRng) -> Response:
        """Returns (clips, num_fft // 2 + 1) float32."""
        if (num_fft, rate_hz) not in self._basis:
            self._basis[num_fft, rate_hz] = self._curves(num_fft, rate_hz)
        knots_db = [draws.uniform(-self.max_gain_db, self.max_gain_db) for _ in range(self.num_knots)]
        exponents = np.stack(knots_db, axis=1).astype(np.float32) * np.float32(np.log(10) / 20)
        return np.exp(exponents @ self._basis[num_fft, rate_hz])

    def _curves(self, num_fft: int, rate_hz: int) -> npt.NDArray[np.float32]:
        """Returns what each knot adds to each bin, (knots, bins)."""
        bins_hz = np.maximum(np.fft.rfftfreq(num_fft, 1 / rate_hz), LOWEST_KNOT_HZ)
        knots = np.linspace(np.log2(LOWEST_KNOT_HZ), np.log2(rate_hz / 2), self.num_knots)
        unit = np.eye(self.num_knots)
        return np.stack([np.interp(np.log2(bins_hz), knots, row) for row in unit]).astype(np.float32)


class LowerSampleRate:
    """Takes away what a recording of a lower sample rate would not have: a telephone's 8 kHz, for instance.

    Args:
        min_sample_rate: lowest rate in Hz.
        max_sample_rate: highest.
    """

    num_taps = RINGING_SAMPLES

    def __init__(self, min_sample_rate: float = 8000.0, max_sample_rate: float = 8000.0) -> None:
        bounds = {"min_sample_rate": min_sample_rate, "max_sample_rate": max_sample_rate}
        self.rate_hz = interval(bounds, 1000, 192000)

    def responses(self, num_fft: int, rate_hz: int, draws: CounterRng) -> Response:
        """Returns (clips, num_fft // 2 + 1) float32: 1, then half a cosine down to 0 at half the lower rate."""
        nyquist_hz = draws.uniform(*self.rate_hz)[:, None].astype(np.float32) / 2
        bins_hz = np.fft.rfftfreq(num_fft, 1 / rate_hz).astype(np.float32)
        fall = np.clip((bins_hz / nyquist_hz - (1 - ROLL_OFF)) / ROLL_OFF, 0, 1)
        return (0.5 + 0.5 * np.cos(np.float32(np.pi) * fall)).astype(np.float32)
