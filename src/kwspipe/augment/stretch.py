"""Tempo without pitch, and pitch without tempo, for a batch of clips at a time.

Waveform similarity overlap-add: W. Verhelst, M. Roelands, "An overlap-add technique based on waveform similarity
(WSOLA) for high quality time-scale modification of speech", 1993. Frames are read at another pace than they are
written; each is taken from where, near its place, the sound goes on as the frame before it would have.
"""

import numpy as np

from kwspipe.audio.pcm import Samples
from kwspipe.augment import fourier
from kwspipe.augment.batch import ClipBatch, resized_spectrum
from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Floats, Indices

# Half a frame: two or more periods of a low voice.
HOP_S = 0.02
# A period of the lowest voice, 66 Hz, lies within twice this.
SEARCH_S = 0.0075
# Likeness is searched in every so many samples first, which are averages, then around the best of them.
COARSE = 8
FINE = 2
SMALLEST_POWER = 1e-9  # so that silence divides by something


class TimeStretch:
    """Changes the tempo and leaves the pitch; a clip keeps its length, and as much of its word as fits.

    Args:
        min_rate: lowest tempo, 1 being that of the clip.
        max_rate: highest.
    """

    def __init__(self, min_rate: float = 0.8, max_rate: float = 1.25) -> None:
        self.rate = interval({"min_rate": min_rate, "max_rate": max_rate}, 0.5, 2.0)

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Stretches the rows."""
        factors = 1 / draws.uniform(*self.rate)
        stretched = stretch(clips.samples[rows], factors, clips.rate_hz)
        length = clips.length
        for row, factor, samples in zip(rows, factors, stretched, strict=True):
            num_samples = int(length * factor)
            start, end = round(clips.starts[row] * factor), round(clips.ends[row] * factor)
            # The word's middle stays where it was, as far as the word then lies inside.
            wanted = (clips.starts[row] + clips.ends[row] - start - end) // 2
            shift = int(np.clip(wanted, -start, length - end)) if end - start <= length else int(wanted)
            clips.samples[row] = 0
            first, last = max(shift, 0), min(shift + num_samples, length)
            clips.samples[row, first:last] = samples[first - shift : last - shift]
            clips.starts[row], clips.ends[row] = max(start + shift, 0), min(end + shift, length)


class PitchShift:
    """Changes the pitch, formants and all, and leaves the tempo.

    Args:
        min_semitones: lowest shift.
        max_semitones: highest.
    """

    def __init__(self, min_semitones: float = -4.0, max_semitones: float = 4.0) -> None:
        bounds = {"min_semitones": min_semitones, "max_semitones": max_semitones}
        self.semitones = interval(bounds, -12, 12)

    def apply(self, clips: ClipBatch, rows: Indices, draws: CounterRng) -> None:
        """Stretches the rows, then plays them as much faster."""
        factors = 2 ** (draws.uniform(*self.semitones) / 12)
        num_out = fourier.fast_size(clips.length)
        num_in = [fourier.fast_size(round(num_out * factor)) for factor in factors]
        stretched = stretch(clips.samples[rows], np.array(num_in) / num_out, clips.rate_hz, max(num_in))
        spectra = [resized_spectrum(one[:n], num_out) for one, n in zip(stretched, num_in, strict=True)]
        clips.samples[rows] = fourier.irfft(np.stack(spectra), num_out)[:, : clips.length]


def stretch(samples: Samples, factors: Floats, rate_hz: int, num_out: int | None = None) -> Samples:
    """Makes clips longer or shorter without changing their pitch.

    Args:
        samples: (clips, samples) float32.
        factors: (clips,) by which each becomes longer.
        rate_hz: of the samples.
        num_out: samples of the result; None for as many as the longest has.

    Returns:
        (clips, num_out) float32; those beyond a clip's length * factor are of no use.
    """
    hop, search = (int(seconds * rate_hz) // COARSE * COARSE for seconds in (HOP_S, SEARCH_S))
    num_out = num_out or int(samples.shape[1] * factors.max())
    num_frames = -(-num_out // hop) + 1
    source = np.pad(samples, ((0, 0), (hop + search + COARSE, 3 * hop + 2 * search + num_out)))
    coarse = source[:, : source.shape[1] // COARSE * COARSE].reshape(len(source), -1, COARSE).mean(axis=2)
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)  # two of them, a hop apart, add up to 1
    written = np.zeros((len(samples), (num_frames + 1) * hop), np.float32)
    places = np.full(len(samples), search + COARSE)
    frame = np.arange(2 * hop)
    for number in range(num_frames):
        if number:
            centres = search + COARSE + (number * hop / factors).astype(np.int64)
            places = _most_alike(source, coarse, centres, places + hop, hop, search)
        written[:, number * hop : (number + 2) * hop] += window * _read(source, places, frame)
    return written[:, hop : hop + num_out]


def _most_alike(
    source: Samples, coarse: Samples, centres: Indices, follow: Indices, hop: int, search: int
) -> Indices:
    """Returns where, ``search`` samples around the centres at most, a hop of sound is most like that at ``follow``."""
    around = np.arange(-(search // COARSE), (search + hop) // COARSE)
    heard = _read(coarse, centres // COARSE, around)
    wanted = _read(coarse, follow // COARSE, np.arange(hop // COARSE))
    best = centres // COARSE * COARSE - search + COARSE * _likest(heard, wanted)
    around = np.arange(-COARSE, COARSE + hop, FINE)
    heard, wanted = _read(source, best, around), _read(source, follow, np.arange(0, hop, FINE))
    return np.clip(best - COARSE + FINE * _likest(heard, wanted), centres - search, centres + search)


def _likest(heard: Samples, wanted: Samples) -> Indices:
    """Returns at which shift ``heard`` (clips, shifts + samples) correlates most with ``wanted`` (clips, samples)."""
    shifted = np.lib.stride_tricks.sliding_window_view(heard, wanted.shape[1], axis=1)
    likeness = np.einsum("cst,ct->cs", shifted, wanted)
    # By the power of what is compared, or else the loudest place would win.
    power = np.einsum("cst,cst->cs", shifted, shifted)
    return (likeness / np.sqrt(power + SMALLEST_POWER)).argmax(axis=1)


def _read(source: Samples, places: Indices, offsets: Indices) -> Samples:
    """Returns the samples at each clip's place and offsets from it, (clips, offsets)."""
    starts = np.arange(len(source))[:, None] * source.shape[1] + places[:, None]
    return source.ravel().take(starts + offsets)
