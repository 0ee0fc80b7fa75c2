"""Parts of words, words in a row and words at once: the samples of hard negatives.

A clip is stored with bounds that ``place`` keeps inside what the network hears. A clip that is longer than that by
``slack`` samples, with the bounds ``(slack, length)``, is heard from any of its first ``slack`` samples on and never
padded: a partial word thus stays at the clip's end, cut elsewhere in every epoch.
"""

from collections.abc import Sequence

import numpy as np

from kwspipe.audio.pcm import TRIM_MARGIN_MS, Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.dataset.decode import Clip

# A gap between words spoken in a row.
MAX_GAP_S = 0.15
FADE_MS = 5
# Of the talkers in a babble, the farthest is this much softer than the nearest.
BABBLE_SPREAD_DB = 10.0


def cut_beginning(clip: Clip, length: int, parts: tuple[float, float], rate_hz: int) -> Clip:
    """Cuts a word off early: what is heard ends between ``parts[0]`` and ``parts[1]`` of the word.

    Args:
        clip: a word.
        length: samples the network hears.
        parts: least and largest part of the word, above 0 and below 1.
        rate_hz: sample rate.
    """
    start, end = _word(clip, rate_hz)
    first_end, last_end = _points(start, end, parts, length)
    return _heard_anywhere(_cut(clip.pcm, first_end - length, last_end), length)


def cut_ending(clip: Clip, length: int, parts: tuple[float, float], rate_hz: int) -> Clip:
    """Begins late in a word: the last ``parts[0]`` to ``parts[1]`` of it come first; see ``cut_beginning``."""
    start, end = _word(clip, rate_hz)
    first_start, last_start = _points(start, end, (1 - parts[1], 1 - parts[0]), length)
    return _heard_anywhere(_cut(clip.pcm, first_start, last_start + length), length)


def concatenate_words(clips: Sequence[Clip], length: int, rate_hz: int, rng: np.random.Generator) -> Clip:
    """Says words one after another; what is heard always has the end of the first and the start of the second."""
    parts: list[Pcm] = []
    for clip in clips:
        parts += [_spoken(clip, rate_hz), np.zeros(int(rng.uniform(0, MAX_GAP_S) * rate_hz), np.int16)]
    joined = np.concatenate(parts[:-1])
    joint = len(parts[0]) + len(parts[1]) // 2
    return Clip(joined, max(0, joint - length // 4), min(joined.size, joint + length // 4))


def mix_babble(
    talkers: Sequence[Sequence[Clip]], length: int, rate_hz: int, rng: np.random.Generator
) -> Clip:
    """Mixes talkers, each at a distance of its own, each saying its words over and over without a pause."""
    mixed = np.zeros(2 * length, np.float32)
    for words in talkers:
        spoken = np.concatenate([_spoken(word, rate_hz) for word in words])
        if spoken.size:
            said = np.resize(np.roll(spoken, -int(rng.integers(spoken.size))), mixed.size)
            mixed += float_from_pcm(said) * np.float32(10 ** (-rng.uniform(0, BABBLE_SPREAD_DB) / 20))
    peak = np.abs(mixed).max()
    return _heard_anywhere(pcm_from_float(mixed / max(peak, np.float32(1.0))), length)


def mix_noise(clip: Clip, noise: Pcm, snr_db: float) -> Clip:
    """Lays noise under a whole clip, at a ratio of mean powers; where either has none, the clip stays as it is.

    Args:
        clip: its digital zeros, which are padding, do not count for its power.
        noise: (samples,) int16, repeated where it is too short.
        snr_db: power of the clip above that of the noise.
    """
    samples, below = float_from_pcm(clip.pcm), float_from_pcm(np.resize(noise, clip.pcm.size))
    power, noise_power = _power(samples[samples != 0]), _power(below)
    if power == 0 or noise_power == 0:
        return clip
    gain = np.float32(np.sqrt(power / noise_power * 10 ** (-snr_db / 10)))
    return Clip(pcm_from_float(samples + gain * below), clip.trim_start, clip.trim_end)


def any_window(pcm: Pcm, length: int) -> Clip:
    """Returns a clip of which any ``length`` samples may be heard; of more than twice as many, the first ones."""
    return _heard_anywhere(pcm[: 2 * length], length)


def _heard_anywhere(pcm: Pcm, length: int) -> Clip:
    slack = max(0, pcm.size - length)
    return Clip(pcm, slack, min(length, pcm.size))


def _word(clip: Clip, rate_hz: int) -> tuple[int, int]:
    """Returns the bounds of the word without the margin that ``word_bounds`` leaves around it."""
    margin = rate_hz * TRIM_MARGIN_MS // 1000
    start = clip.trim_start + margin if clip.trim_start > 0 else 0
    end = clip.trim_end - margin if clip.trim_end < clip.pcm.size else clip.pcm.size
    return (start, end) if start < end else (clip.trim_start, clip.trim_end)


def _spoken(clip: Clip, rate_hz: int) -> Pcm:
    """Returns the word alone, faded in and out, so that it begins and ends without a click."""
    start, end = _word(clip, rate_hz)
    samples = clip.pcm[start:end].astype(np.float32)
    ramp = np.minimum(np.arange(1, samples.size + 1) / max(1, FADE_MS * rate_hz // 1000), 1.0).astype(
        np.float32
    )
    return (samples * ramp * ramp[::-1]).astype(np.int16)


def _points(start: int, end: int, parts: tuple[float, float], length: int) -> tuple[int, int]:
    """Returns the places of two parts of a word, at most half a clip apart, which a very long word would exceed."""
    first, last = (start + round(part * (end - start)) for part in parts)
    return first, min(last, first + length // 2)


def _cut(pcm: Pcm, first: int, last: int) -> Pcm:
    """Returns samples ``first`` to ``last``, zeros where there are none."""
    cut = np.zeros(last - first, np.int16)
    begin, end = max(first, 0), min(last, pcm.size)
    if begin < end:
        cut[begin - first : end - first] = pcm[begin:end]
    return cut


def _power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
