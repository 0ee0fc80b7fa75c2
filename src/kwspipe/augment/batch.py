"""A batch of clips: cut from their recordings, the word inside, at one speed or another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm, Samples
from kwspipe.augment import fourier
from kwspipe.augment.random import CounterRng, Floats, Indices

Placement = Literal["random", "center"]
Bounds = tuple[int, int]
Spectrum = npt.NDArray[np.complex64]

FULL_SCALE = np.float32(1 / 32768)  # as in kwspipe.audio.pcm
# Samples read on both sides of a stretch to be resampled: what the circular transform joins lies outside the clip.
RESAMPLING_MARGIN = 64


@dataclass
class ClipBatch:
    """Clips in the making; transforms change them in place.

    Attributes:
        samples: (clips, samples) float32, full scale is 1; may go beyond until the end.
        starts: (clips,) first sample of each word.
        ends: (clips,) the one after its last.
        rate_hz: of the samples.
    """

    samples: Samples
    starts: Indices
    ends: Indices
    rate_hz: int

    @property
    def length(self) -> int:
        """Samples of a clip."""
        return self.samples.shape[1]


def crop_or_pad_around_word(
    clip: Pcm, word: Bounds, length: int, placement: Placement, rng: np.random.Generator
) -> Pcm:
    """Cuts or pads a recording to ``length`` samples so that the word lies inside.

    What was recorded around the word comes along, so that a clip sounds like a piece of a stream. A word longer than
    the clip is cut at both ends.

    Args:
        clip: (samples,) int16, the recording.
        word: first sample of the word, and the one after its last.
        length: samples of the result.
        placement: the word anywhere, or in the middle.
        rng: decides where.

    Returns:
        (length,) int16.
    """
    before = _before(word, length, placement, rng.random())
    placed = np.zeros(length, np.int16)
    _copy(clip, word[0] - before, placed)
    return placed


def cut(
    recordings: Sequence[Pcm],
    words: Sequence[Bounds],
    length: int,
    rate_hz: int,
    placement: Placement,
    draws: CounterRng,
    speeds: Floats,
) -> ClipBatch:
    """Cuts a clip from each recording as ``crop_or_pad_around_word`` does, played faster or slower.

    A recording whose word fills the clip (noise, running speech) is played at its own speed where it would otherwise
    end before the clip does.

    Args:
        recordings: (samples,) int16 each.
        words: where the word is in each.
        length: samples of a clip.
        rate_hz: of the samples.
        placement: the words anywhere, or in the middle.
        draws: decide where.
        speeds: (clips,) of playing; 1 leaves a recording as it is.
    """
    samples = np.empty((len(recordings), length), np.float32)
    placed = np.empty(length, np.int16)
    starts, ends = np.zeros((2, len(recordings)), np.int64)
    fractions = draws.uniform()
    resampled: list[tuple[int, Spectrum]] = []
    num_out = fourier.fast_size(length + 2 * RESAMPLING_MARGIN)
    for row, (recording, word, speed) in enumerate(zip(recordings, words, speeds, strict=True)):
        num_in = _fast_length(num_out, speed, word[1] - word[0], length)
        played = round((word[1] - word[0]) * num_out / num_in)
        before = _before((0, played), length, placement, fractions[row])
        if num_in == num_out:
            _copy(recording, word[0] - before, placed)
            np.multiply(placed, FULL_SCALE, out=samples[row])
        else:
            offset = round(word[0] - (before + RESAMPLING_MARGIN) * num_in / num_out)
            source = np.empty(num_in, np.int16)
            _copy(recording, offset, source)
            resampled.append((row, resized_spectrum(source * FULL_SCALE, num_out)))
        starts[row], ends[row] = max(before, 0), min(before + played, length)
    if resampled:
        rows, spectra = zip(*resampled, strict=True)
        clip = slice(RESAMPLING_MARGIN, RESAMPLING_MARGIN + length)
        samples[list(rows)] = fourier.irfft(np.stack(spectra), num_out)[:, clip]
    return ClipBatch(samples, starts, ends, rate_hz)


def _before(word: Bounds, length: int, placement: Placement, fraction: float) -> int:
    """Returns how many samples of the clip come before the word; below 0 where the word is longer than the clip."""
    room = length - (word[1] - word[0])
    return room // 2 if placement == "center" or room <= 0 else min(int(fraction * (room + 1)), room)


def _copy(recording: Pcm, offset: int, target: Pcm) -> None:
    """Fills target with the recording from ``offset`` on; zeros where there is none."""
    first, last = max(offset, 0), max(min(offset + len(target), len(recording)), 0)
    first = min(first, last)
    target[: first - offset] = 0
    target[first - offset : last - offset] = recording[first:last]
    target[last - offset :] = 0


def _fast_length(num_out: int, speed: float, word_length: int, length: int) -> int:
    """Returns how many samples to read for ``num_out``: near ``speed`` times as many, and quickly transformed."""
    num_in = num_out if speed == 1 else fourier.fast_size(round(num_out * speed))
    return num_out if word_length >= length and num_in > num_out else num_in


def resized_spectrum(samples: Samples, num_out: int) -> Spectrum:
    """Returns the spectrum of samples, cut or padded for ``num_out`` of them.

    Transformed back, they are those of a tape played faster or slower; exact for what a Fourier series can hold.
    """
    spectrum = np.zeros(num_out // 2 + 1, np.complex64)
    found = fourier.rfft(samples)[: len(spectrum)]
    np.multiply(found, np.float32(num_out / len(samples)), out=spectrum[: len(found)])
    return spectrum
