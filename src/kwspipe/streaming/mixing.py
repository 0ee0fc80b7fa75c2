"""Words and what is behind them, mixed into one stream at a given signal-to-noise ratio."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import PCM_SCALE, Pcm, Samples, float_from_pcm, pcm_from_float
from kwspipe.audio.snr import mean_power, noise_gain
from kwspipe.errors import KwspipeError

# From one cut of the background to the next.
FADE_MS = 50
# Recordings begin and end in the middle of their own noise.
CLIP_FADE_MS = 5
# Where the background behind a word is quieter than its recording by more than this, another cut is drawn: raised to
# the ratio asked for, the rest of the cut would drown everything.
MIN_LEVEL = 0.1
MAX_DRAWS = 50


@dataclass(frozen=True)
class Slot:
    """A word's place in a stream; all in samples.

    Attributes:
        clip: (samples,) int16.
        word: first sample of the word in the clip, and the one after its last.
        gap: background alone in front of the clip.
    """

    clip: Pcm
    word: tuple[int, int]
    gap: int

    @property
    def length(self) -> int:
        """Samples of gap and clip."""
        return self.gap + self.clip.size


def mix(
    slots: Sequence[Slot],
    background: Sequence[Pcm],
    snr_db: float | None,
    noise_floor_db: float,
    sample_rate_hz: int,
    rng: np.random.Generator,
) -> Pcm:
    """Lays words one after another over a background.

    Each slot has its own cut of the background, which goes over into the next slot's. Its level is such that the mean
    power of the word, from its first sample to its last, has the given ratio to that of the background behind it. Where
    the sum would clip, word and background are lowered together.

    Args:
        slots: words, each with the gap in front of it.
        background: recordings to cut from, (samples,) int16 each.
        snr_db: the ratio; None for words over white noise at ``noise_floor_db`` alone.
        noise_floor_db: level of that noise, below full scale.
        sample_rate_hz: of everything.
        rng: decides the cuts.

    Returns:
        (samples,) int16: the slots, and one more gap of the last slot's length behind.

    Raises:
        KwspipeError: nothing but silence to cut from.
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
        both = np.zeros(last - start + fade, np.float32)
        if snr_db is not None:
            both += _behind(clip, slot.word, word, background, snr_db, both.size, rng)
            both = _faded(both, fade)
        both[slot.gap : slot.length] += clip
        peak = float(np.abs(both).max())
        mixed[start : last + fade] += both / np.float32(max(1.0, peak * PCM_SCALE / (PCM_SCALE - 1)))
        start = end
    return pcm_from_float(mixed[:-fade])


def _behind(
    clip: Samples,
    in_clip: tuple[int, int],
    in_slot: tuple[int, int],
    background: Sequence[Pcm],
    snr_db: float,
    length: int,
    rng: np.random.Generator,
) -> Samples:
    """Draws a cut of the background, (length,), at the level that gives the ratio behind the word."""
    signal = mean_power(clip[slice(*in_clip)])
    best, best_power = np.zeros(0, np.float32), 0.0
    for _ in range(MAX_DRAWS):
        recording = background[rng.integers(len(background))]
        first = int(rng.integers(max(1, recording.size - length + 1)))
        cut = float_from_pcm(np.resize(recording[first : first + length], length))
        power = mean_power(cut[slice(*in_slot)])
        if power > best_power:
            best, best_power = cut, power
        if power > 0 and power >= MIN_LEVEL * mean_power(cut):
            best, best_power = cut, power
            break
    if best_power == 0:
        raise KwspipeError(
            "dataset.noise_roots",
            f"nothing but silence in {len(background)} recording(s) for the background of streams",
            "noise or speech that sounds most of the time",
            "replace the recordings, or set stream.snr_db=[]",
        )
    return best * noise_gain(signal, best_power, snr_db)


def _faded(samples: Samples, fade: int) -> Samples:
    """Returns samples that begin and end softly."""
    fade = min(fade, samples.size // 2)
    ramp: npt.NDArray[np.float32] = (np.arange(fade, dtype=np.float32) + 0.5) / max(fade, 1)
    faded = samples.copy()
    faded[:fade] *= ramp
    faded[samples.size - fade :] *= ramp[::-1]
    return faded
