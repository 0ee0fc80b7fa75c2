"""Batches of clips: extraction of clips from recordings, at a given position and speed."""

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

FULL_SCALE = np.float32(1 / 32768)  # of int16, as in kwspipe.audio.pcm
# Samples read before and after a clip that is resampled. The circular transform distorts the ends of these samples.
RESAMPLING_MARGIN = 64


@dataclass
class ClipBatch:
    """Clips during augmentation. Transforms change them in place.

    Attributes:
        samples: (clips, samples) float32; full scale is 1, and intermediate values can be larger.
        starts: (clips,) first sample of each word.
        ends: (clips,) sample after the last one of each word.
        rate_hz: sample rate.
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
    """Crops or pads a recording to ``length`` samples that contain the word.

    The audio around the word is kept, so that the clip resembles a part of a stream. A word that is longer than the
    clip is cropped at both ends.

    Args:
        clip: (samples,) int16, the recording.
        word: first sample of the word, and the sample after its last one.
        length: samples of the result.
        placement: random position, or the word in the centre.
        rng: determines the random position.

    Returns:
        (length,) int16.
    """
    before = _samples_before_word(word, length, placement, rng.random())
    placed = np.zeros(length, np.int16)
    _copy(clip, word[0] - before, placed)
    return placed


def cut_clips(
    recordings: Sequence[Pcm],
    words: Sequence[Bounds],
    length: int,
    rate_hz: int,
    placement: Placement,
    rng: CounterRng,
    speeds: Floats,
) -> ClipBatch:
    """Extracts a clip from each recording like ``crop_or_pad_around_word``, with a change of speed.

    If the word fills the clip, as in noise and continuous speech, and the recording would end before the clip at the
    given speed, the speed is not changed.

    Args:
        recordings: (samples,) int16 each.
        words: first sample of each word, and the sample after its last one.
        length: samples of a clip.
        rate_hz: sample rate.
        placement: random positions, or the words in the centre.
        rng: determines the random positions.
        speeds: (clips,) playback speeds; 1 is the original speed.
    """
    samples = np.empty((len(recordings), length), np.float32)
    placed = np.empty(length, np.int16)
    starts, ends = np.zeros((2, len(recordings)), np.int64)
    fractions = rng.uniform()
    resampled: list[tuple[int, Spectrum]] = []
    num_out = fourier.fast_size(length + 2 * RESAMPLING_MARGIN)
    for row, (recording, word, speed) in enumerate(zip(recordings, words, speeds, strict=True)):
        num_in = _fast_length(num_out, speed, word[1] - word[0], length)
        word_length = round((word[1] - word[0]) * num_out / num_in)
        before = _samples_before_word((0, word_length), length, placement, fractions[row])
        if num_in == num_out:
            _copy(recording, word[0] - before, placed)
            np.multiply(placed, FULL_SCALE, out=samples[row])
        else:
            offset = round(word[0] - (before + RESAMPLING_MARGIN) * num_in / num_out)
            source = np.empty(num_in, np.int16)
            _copy(recording, offset, source)
            resampled.append((row, resized_spectrum(source * FULL_SCALE, num_out)))
        starts[row], ends[row] = max(before, 0), min(before + word_length, length)
    if resampled:
        rows, spectra = zip(*resampled, strict=True)
        clip = slice(RESAMPLING_MARGIN, RESAMPLING_MARGIN + length)
        samples[list(rows)] = fourier.irfft(np.stack(spectra), num_out)[:, clip]
    return ClipBatch(samples, starts, ends, rate_hz)


def _samples_before_word(word: Bounds, length: int, placement: Placement, fraction: float) -> int:
    """Returns the number of samples before the word in the clip; negative if the word is longer than the clip."""
    free = length - (word[1] - word[0])
    return free // 2 if placement == "center" or free <= 0 else min(int(fraction * (free + 1)), free)


def _copy(recording: Pcm, offset: int, target: Pcm) -> None:
    """Copies the recording from ``offset`` on to ``target``, with zeros outside of the recording."""
    first, last = max(offset, 0), max(min(offset + len(target), len(recording)), 0)
    first = min(first, last)
    target[: first - offset] = 0
    target[first - offset : last - offset] = recording[first:last]
    target[last - offset :] = 0


def _fast_length(num_out: int, speed: float, word_length: int, length: int) -> int:
    """Returns the number of samples to read for ``num_out``: about ``speed`` times as many, with a fast transform."""
    num_in = num_out if speed == 1 else fourier.fast_size(round(num_out * speed))
    return num_out if word_length >= length and num_in > num_out else num_in


def resized_spectrum(samples: Samples, num_out: int) -> Spectrum:
    """Returns the spectrum of samples, cropped or padded to that of ``num_out`` samples.

    The inverse transform resamples the samples to ``num_out``. The result is exact for periodic signals.
    """
    spectrum = np.zeros(num_out // 2 + 1, np.complex64)
    source = fourier.rfft(samples)[: len(spectrum)]
    np.multiply(source, np.float32(num_out / len(samples)), out=spectrum[: len(source)])
    return spectrum
