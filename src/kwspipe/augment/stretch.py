"""Change of tempo without pitch and of pitch without tempo, for batches of clips.

Waveform similarity overlap-add: W. Verhelst, M. Roelands, "An overlap-add technique based on waveform similarity
(WSOLA) for high quality time-scale modification of speech", 1993. Frames are read at another rate than they are
written. Each frame is read from the position near its nominal one where the audio is most similar to the continuation
of the previous frame.
"""

import numpy as np

from kwspipe.audio.pcm import Samples
from kwspipe.augment import fourier
from kwspipe.augment.batch import ClipBatch, resized_spectrum
from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Floats, Indices

# Half of a frame, which is at least two periods of a low voice.
HOP_S = 0.02
# Half of the search range. The range is the period of a voice of 66 Hz.
SEARCH_S = 0.0075
# The similarity is first searched in averages of COARSE samples, then in every FINE-th sample around the best position.
COARSE = 8
FINE = 2
SMALLEST_POWER = 1e-9  # prevents a division by zero for silence


class TimeStretch:
    """Changes the tempo, but not the pitch and the length of the clip. A word that becomes too long is cropped.

    Args:
        min_rate: lowest tempo; 1 is the tempo of the clip.
        max_rate: highest tempo.
    """

    def __init__(self, min_rate: float = 0.8, max_rate: float = 1.25) -> None:
        self.rate = interval({"min_rate": min_rate, "max_rate": max_rate}, 0.5, 2.0)

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Stretches the given rows."""
        factors = 1 / rng.uniform(*self.rate)
        stretched = stretch(clips.samples[rows], factors, clips.rate_hz)
        length = clips.length
        for row, factor, samples in zip(rows, factors, stretched, strict=True):
            num_samples = int(length * factor)
            start, end = round(clips.starts[row] * factor), round(clips.ends[row] * factor)
            # The centre of the word does not move, unless the word would then exceed the clip.
            centred = (clips.starts[row] + clips.ends[row] - start - end) // 2
            shift = int(np.clip(centred, -start, length - end)) if end - start <= length else int(centred)
            clips.samples[row] = 0
            first, last = max(shift, 0), min(shift + num_samples, length)
            clips.samples[row, first:last] = samples[first - shift : last - shift]
            clips.starts[row], clips.ends[row] = max(start + shift, 0), min(end + shift, length)


class PitchShift:
    """Changes the pitch and the formants, but not the tempo.

    Args:
        min_semitones: lowest shift.
        max_semitones: highest shift.
    """

    def __init__(self, min_semitones: float = -4.0, max_semitones: float = 4.0) -> None:
        bounds = {"min_semitones": min_semitones, "max_semitones": max_semitones}
        self.semitones = interval(bounds, -12, 12)

    def apply(self, clips: ClipBatch, rows: Indices, rng: CounterRng) -> None:
        """Stretches the given rows, then resamples them to the original length."""
        factors = 2 ** (rng.uniform(*self.semitones) / 12)
        num_out = fourier.fast_size(clips.length)
        num_in = [fourier.fast_size(round(num_out * factor)) for factor in factors]
        stretched = stretch(clips.samples[rows], np.array(num_in) / num_out, clips.rate_hz, max(num_in))
        spectra = [resized_spectrum(one[:n], num_out) for one, n in zip(stretched, num_in, strict=True)]
        clips.samples[rows] = fourier.irfft(np.stack(spectra), num_out)[:, : clips.length]


def stretch(samples: Samples, factors: Floats, rate_hz: int, num_out: int | None = None) -> Samples:
    """Changes the length of clips without a change of their pitch.

    Args:
        samples: (clips, samples) float32.
        factors: (clips,) ratios of the new to the old length.
        rate_hz: sample rate.
        num_out: samples of the result; None for the length of the longest clip.

    Returns:
        (clips, num_out) float32; samples beyond a clip's length * factor are undefined.
    """
    hop, search = (int(seconds * rate_hz) // COARSE * COARSE for seconds in (HOP_S, SEARCH_S))
    num_out = num_out or int(samples.shape[1] * factors.max())
    num_frames = -(-num_out // hop) + 1
    source = np.pad(samples, ((0, 0), (hop + search + COARSE, 3 * hop + 2 * search + num_out)))
    coarse = source[:, : source.shape[1] // COARSE * COARSE].reshape(len(source), -1, COARSE).mean(axis=2)
    # The sum of two windows at a distance of one hop is 1.
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    written = np.zeros((len(samples), (num_frames + 1) * hop), np.float32)
    positions = np.full(len(samples), search + COARSE)
    frame = np.arange(2 * hop)
    for number in range(num_frames):
        if number:
            centres = search + COARSE + (number * hop / factors).astype(np.int64)
            positions = _best_match(source, coarse, centres, positions + hop, hop, search)
        written[:, number * hop : (number + 2) * hop] += window * _read(source, positions, frame)
    return written[:, hop : hop + num_out]


def _best_match(
    source: Samples, coarse: Samples, centres: Indices, follow: Indices, hop: int, search: int
) -> Indices:
    """Returns the positions, at most ``search`` samples from the centres, most similar to one hop from ``follow``."""
    around = np.arange(-(search // COARSE), (search + hop) // COARSE)
    region = _read(coarse, centres // COARSE, around)
    template = _read(coarse, follow // COARSE, np.arange(hop // COARSE))
    best = centres // COARSE * COARSE - search + COARSE * _best_shift(region, template)
    around = np.arange(-COARSE, COARSE + hop, FINE)
    region, template = _read(source, best, around), _read(source, follow, np.arange(0, hop, FINE))
    return np.clip(best - COARSE + FINE * _best_shift(region, template), centres - search, centres + search)


def _best_shift(region: Samples, template: Samples) -> Indices:
    """Returns the shifts of largest correlation.

    Args:
        region: (clips, shifts + samples).
        template: (clips, samples).
    """
    shifted = np.lib.stride_tricks.sliding_window_view(region, template.shape[1], axis=1)
    correlation = np.einsum("cst,ct->cs", shifted, template)
    # Normalized by the power, because the loudest position would otherwise always be the best one.
    power = np.einsum("cst,cst->cs", shifted, shifted)
    return (correlation / np.sqrt(power + SMALLEST_POWER)).argmax(axis=1)


def _read(source: Samples, positions: Indices, offsets: Indices) -> Samples:
    """Returns the samples at the given offsets from each clip's position, (clips, offsets)."""
    starts = np.arange(len(source))[:, None] * source.shape[1] + positions[:, None]
    return source.ravel().take(starts + offsets)
