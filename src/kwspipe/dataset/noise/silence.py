"""Cuts of background noise, and clips of silence beside plain ones: colours, clicks, soft and loud."""

from collections.abc import Callable, Sequence

import numpy as np

from kwspipe.audio.pcm import Pcm, float_from_pcm, pcm_from_float
from kwspipe.dataset.clip_kinds import Kind
from kwspipe.dataset.decode import Clip
from kwspipe.dataset.hard_negatives import clip_edits
from kwspipe.dataset.noise.background import NoisePiece
from kwspipe.dataset.noise.generated import ALL_COLOURS, GeneratedNoise, click_noise, render

# Levels of generated noise, below full scale: from a quiet room to a kitchen's fan at the microphone.
QUIETEST_DB, LOUDEST_DB = -70.0, -20.0
# What clicks lie over where it is not digital zero.
QUIETEST_FLOOR_DB, LOUDEST_FLOOR_DB = -75.0, -45.0
# How much softer or louder recorded noise is made.
SOFTEST_GAIN_DB, LOUDEST_GAIN_DB = -30.0, 12.0


class NoiseSampler:
    """The background noise of one split.

    Args:
        read: returns samples of the noise: (offset, length) to (length,) int16.
        pieces: what the split may hear.
    """

    def __init__(self, read: Callable[[int, int], Pcm], pieces: Sequence[NoisePiece]) -> None:
        self._read = read
        self._pieces = [piece for piece in pieces if piece.length > 0]

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def cut(self, length: int, rng: np.random.Generator) -> tuple[Pcm, str]:
        """Cuts noise of a random place from a random recording; a shorter recording is repeated.

        Returns:
            (length,) int16, and the recording's path with the place.
        """
        piece = self._pieces[int(rng.integers(len(self._pieces)))]
        start = int(rng.integers(max(1, piece.length - length + 1)))
        samples = self._read(piece.offset + start, min(length, piece.length))
        return np.resize(samples, length), f"{piece.path}@{start}"


def make_silence(
    kind: Kind, length: int, rate_hz: int, noise: NoiseSampler, rng: np.random.Generator
) -> tuple[Clip, str]:
    """Makes a clip of silence.

    Args:
        kind: ``colour``, ``click`` or ``level``.
        length: samples the network hears; the clip has twice as many, so that every epoch hears others.
        rate_hz: sample rate.
        noise: of the split; not empty where ``kind`` is ``level``.
        rng: decides everything.

    Returns:
        The clip, and where it comes from.
    """
    if kind == "colour":
        pcm, path = _coloured(2 * length, rate_hz, rng.uniform(QUIETEST_DB, LOUDEST_DB), rng)
    elif kind == "click":
        pcm, path = _clicking(2 * length, rate_hz, rng)
    else:
        pcm, path = noise.cut(2 * length, rng)
        gain_db = rng.uniform(SOFTEST_GAIN_DB, LOUDEST_GAIN_DB)
        pcm, path = (
            pcm_from_float(float_from_pcm(pcm) * np.float32(10 ** (gain_db / 20))),
            f"{path} {gain_db:+.1f} dB",
        )
    return clip_edits.any_window(pcm, length), path


def _coloured(num_samples: int, rate_hz: int, level_db: float, rng: np.random.Generator) -> tuple[Pcm, str]:
    colour = sorted(ALL_COLOURS)[int(rng.integers(len(ALL_COLOURS)))]
    noise = GeneratedNoise(colour, num_samples / rate_hz, level_db, int(rng.integers(2**32)))
    return render(noise, rate_hz), f"{colour} {level_db:.1f} dB"


def _clicking(num_samples: int, rate_hz: int, rng: np.random.Generator) -> tuple[Pcm, str]:
    samples, path = click_noise(num_samples, rate_hz, rng), "clicks"
    if rng.random() < 0.5:
        floor, colour = _coloured(num_samples, rate_hz, rng.uniform(QUIETEST_FLOOR_DB, LOUDEST_FLOOR_DB), rng)
        samples, path = samples + float_from_pcm(floor), f"clicks over {colour}"
    return pcm_from_float(samples), path
