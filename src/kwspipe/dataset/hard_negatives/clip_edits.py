"""Clip edits for hard negatives: partial words, concatenated words, babble and added noise.

Training cuts a window of ``length`` samples from a clip, such that the window contains the bounds of the clip
(``crop_or_pad_around_word``). A clip of ``length + slack`` samples with the bounds ``(slack, length)`` is cut at a
start between 0 and ``slack``, and never padded. A partial word thus stays at the end of the window, and each epoch cuts
it at another point.
"""

from collections.abc import Sequence

import numpy as np

from kwspipe.audio.pcm import TRIM_MARGIN_MS, Pcm, float_from_pcm, pcm_from_float
from kwspipe.audio.snr import mean_power, noise_gain
from kwspipe.dataset.decode import Clip

# Maximum pause between concatenated words.
MAX_GAP_S = 0.15
FADE_MS = 5
# Range of the levels of the speakers in babble.
BABBLE_SPREAD_DB = 10.0


def cut_beginning(clip: Clip, length: int, parts: tuple[float, float], rate_hz: int) -> Clip:
    """Returns a clip whose windows end within a word, after a fraction between ``parts[0]`` and ``parts[1]`` of it.

    Args:
        clip: a word.
        length: number of samples of a window.
        parts: minimum and maximum fraction of the word, between 0 and 1.
        rate_hz: sample rate.
    """
    start, end = _word_without_margin(clip, rate_hz)
    first_end, last_end = _cut_range(start, end, parts, length)
    return _with_free_window(_cut_or_pad(clip.pcm, first_end - length, last_end), length)


def cut_ending(clip: Clip, length: int, parts: tuple[float, float], rate_hz: int) -> Clip:
    """Returns a clip whose windows start within a word, with its last ``parts[0]`` to ``parts[1]``.

    See ``cut_beginning`` for the arguments.
    """
    start, end = _word_without_margin(clip, rate_hz)
    first_start, last_start = _cut_range(start, end, (1 - parts[1], 1 - parts[0]), length)
    return _with_free_window(_cut_or_pad(clip.pcm, first_start, last_start + length), length)


def concatenate_words(clips: Sequence[Clip], length: int, rate_hz: int, rng: np.random.Generator) -> Clip:
    """Concatenates words with random pauses. Each window has the end of the first and the start of the second word."""
    parts: list[Pcm] = []
    for clip in clips:
        parts += [_faded_word(clip, rate_hz), np.zeros(int(rng.uniform(0, MAX_GAP_S) * rate_hz), np.int16)]
    joined = np.concatenate(parts[:-1])
    joint = len(parts[0]) + len(parts[1]) // 2
    return Clip(joined, max(0, joint - length // 4), min(joined.size, joint + length // 4))


def mix_babble(
    speakers: Sequence[Sequence[Clip]], length: int, rate_hz: int, rng: np.random.Generator
) -> Clip:
    """Mixes speakers, each at a random level. Each speaker repeats their words without a pause."""
    mixed = np.zeros(2 * length, np.float32)
    for words in speakers:
        speech = np.concatenate([_faded_word(word, rate_hz) for word in words])
        if speech.size:
            repeated = np.resize(np.roll(speech, -int(rng.integers(speech.size))), mixed.size)
            mixed += float_from_pcm(repeated) * np.float32(10 ** (-rng.uniform(0, BABBLE_SPREAD_DB) / 20))
    peak = np.abs(mixed).max()
    return _with_free_window(pcm_from_float(mixed / max(peak, np.float32(1.0))), length)


def mix_noise(clip: Clip, noise: Pcm, snr_db: float) -> Clip:
    """Adds noise to all samples of a clip. If the clip or the noise has no power, the clip is returned unchanged.

    Args:
        clip: its digital zeros are padding and do not count for its power.
        noise: (samples,) int16; repeated if it is shorter than the clip.
        snr_db: ratio of the mean power of the clip to that of the noise, in dB.
    """
    samples, added = float_from_pcm(clip.pcm), float_from_pcm(np.resize(noise, clip.pcm.size))
    power, noise_power = mean_power(samples[samples != 0]), mean_power(added)
    if power == 0 or noise_power == 0:
        return clip
    gain = noise_gain(power, noise_power, snr_db)
    return Clip(pcm_from_float(samples + gain * added), clip.trim_start, clip.trim_end)


def any_window(pcm: Pcm, length: int) -> Clip:
    """Returns a clip with any window of ``length`` samples within the first ``2 * length`` samples of ``pcm``."""
    return _with_free_window(pcm[: 2 * length], length)


def _with_free_window(pcm: Pcm, length: int) -> Clip:
    slack = max(0, pcm.size - length)
    return Clip(pcm, slack, min(length, pcm.size))


def _word_without_margin(clip: Clip, rate_hz: int) -> tuple[int, int]:
    """Returns the bounds of the word without the margin that ``word_bounds`` adds."""
    margin = rate_hz * TRIM_MARGIN_MS // 1000
    start = clip.trim_start + margin if clip.trim_start > 0 else 0
    end = clip.trim_end - margin if clip.trim_end < clip.pcm.size else clip.pcm.size
    return (start, end) if start < end else (clip.trim_start, clip.trim_end)


def _faded_word(clip: Clip, rate_hz: int) -> Pcm:
    """Returns the word alone, faded in and out to avoid clicks."""
    start, end = _word_without_margin(clip, rate_hz)
    samples = clip.pcm[start:end].astype(np.float32)
    ramp = np.minimum(np.arange(1, samples.size + 1) / max(1, FADE_MS * rate_hz // 1000), 1.0).astype(
        np.float32
    )
    return (samples * ramp * ramp[::-1]).astype(np.int16)


def _cut_range(start: int, end: int, parts: tuple[float, float], length: int) -> tuple[int, int]:
    """Returns the samples at two fractions of a word; the second is limited to half a window after the first."""
    first, last = (start + round(part * (end - start)) for part in parts)
    return first, min(last, first + length // 2)


def _cut_or_pad(pcm: Pcm, first: int, last: int) -> Pcm:
    """Returns samples ``first`` to ``last``, with zeros outside of the recording."""
    cut = np.zeros(last - first, np.int16)
    begin, end = max(first, 0), min(last, pcm.size)
    if begin < end:
        cut[begin - first : end - first] = pcm[begin:end]
    return cut
