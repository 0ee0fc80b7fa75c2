"""Mixing of words and background into one stream at a given signal-to-noise ratio."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import PCM_SCALE, Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.audio.snr import mean_power, noise_gain
from kwspipe.errors import KwspipeError

FADE_MS = 50  # cross-fade between two segments of the background
CLIP_FADE_MS = 5  # fade at both ends of a clip, whose recording contains noise
# A segment of the background is drawn again if its power during the word is lower than that of the segment by more than
# this factor. Its gain for the required ratio would make the rest of the segment too loud.
MIN_POWER_RATIO = 0.1
MAX_DRAWS = 50


@dataclass(frozen=True)
class Slot:
    """A clip in a stream, with the gap before it.

    Attributes:
        clip: (samples,) int16.
        word: first sample of the word in the clip, and the sample after its last one.
        gap: number of samples before the clip.
    """

    clip: Pcm
    word: tuple[int, int]
    gap: int

    @property
    def length(self) -> int:
        """Number of samples of gap and clip."""
        return self.gap + self.clip.size


def mix(
    slots: Sequence[Slot],
    background: Sequence[Pcm],
    snr_db: float | None,
    noise_floor_db: float,
    sample_rate_hz: int,
    rng: np.random.Generator,
) -> Pcm:
    """Mixes a sequence of clips with a background.

    Each slot has a segment of the background, which is cross-faded with that of the next slot. Its gain is such that
    the mean power of the word has the given ratio to the mean power of the background during the word. If the sum
    exceeds full scale, word and background are attenuated together.

    Args:
        slots: clips with the gaps before them.
        background: recordings of the background, (samples,) int16 each.
        snr_db: signal-to-noise ratio; None for white noise at ``noise_floor_db`` instead of a background.
        noise_floor_db: level of the white noise relative to full scale.
        sample_rate_hz: sample rate of clips and background.
        rng: generator of the segments.

    Returns:
        (samples,) int16: the slots, followed by a gap of the length of the last one.

    Raises:
        KwspipeError: the background is silent.
    """
    fade = sample_rate_hz * FADE_MS // 1000
    tail = slots[-1].gap
    mixed = np.zeros(sum(slot.length for slot in slots) + tail + fade, np.float32)
    if snr_db is None:
        mixed += (10 ** (noise_floor_db / 20) * rng.standard_normal(mixed.size)).astype(np.float32)
    start = 0
    for slot in slots:
        clip = _faded(float_from_pcm(slot.clip), sample_rate_hz * CLIP_FADE_MS // 1000)
        end = start + slot.length
        last = end + (tail if slot is slots[-1] else 0)
        word = (slot.gap + slot.word[0], slot.gap + slot.word[1])
        segment = np.zeros(last - start + fade, np.float32)
        if snr_db is not None:
            segment += _background_segment(clip, slot.word, word, background, snr_db, segment.size, rng)
            segment = _faded(segment, fade)
        segment[slot.gap : slot.length] += clip
        peak = float(np.abs(segment).max())
        mixed[start : last + fade] += segment / np.float32(max(1.0, peak * PCM_SCALE / (PCM_SCALE - 1)))
        start = end
    return pcm_from_float(mixed[:-fade])


def _background_segment(
    clip: Samples,
    in_clip: tuple[int, int],
    in_slot: tuple[int, int],
    background: Sequence[Pcm],
    snr_db: float,
    length: int,
    rng: np.random.Generator,
) -> Samples:
    """Draws a segment of the background, (length,), with the gain that gives the ratio during the word."""
    signal = mean_power(clip[slice(*in_clip)])
    best, best_power = np.zeros(0, np.float32), 0.0
    for _ in range(MAX_DRAWS):
        recording = background[rng.integers(len(background))]
        first = int(rng.integers(max(1, recording.size - length + 1)))
        segment = float_from_pcm(np.resize(recording[first : first + length], length))
        power = mean_power(segment[slice(*in_slot)])
        if power > best_power:
            best, best_power = segment, power
        if power > 0 and power >= MIN_POWER_RATIO * mean_power(segment):
            best, best_power = segment, power
            break
    if best_power == 0:
        raise KwspipeError(
            "dataset.noise_roots",
            f"only silence in {len(background)} recording(s) for the background of streams",
            "noise or speech without long pauses",
            "replace the recordings, or set stream.snr_db=[]",
        )
    return best * noise_gain(signal, best_power, snr_db)


def _faded(samples: Samples, fade: int) -> Samples:
    """Returns samples with a linear fade at both ends."""
    fade = min(fade, samples.size // 2)
    ramp: npt.NDArray[np.float32] = (np.arange(fade, dtype=np.float32) + 0.5) / max(fade, 1)
    faded = samples.copy()
    faded[:fade] *= ramp
    faded[samples.size - fade :] *= ramp[::-1]
    return faded
