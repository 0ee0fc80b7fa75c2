"""Hard negatives of ``_silence_``: coloured noise, clicks, and recorded noise at other levels."""

from collections.abc import Callable, Sequence

import numpy as np

from kwspipe.audio.pcm import Pcm, float_from_pcm, pcm_from_float
from kwspipe.dataset.clip_kinds import Kind
from kwspipe.dataset.decode import Clip
from kwspipe.dataset.hard_negatives import clip_edits
from kwspipe.dataset.noise.generated import ALL_COLOURS, GeneratedNoise, click_noise, render
from kwspipe.dataset.store.clip_store import Segment

# Levels of generated noise relative to full scale: from a quiet room to a kitchen fan near the microphone.
QUIETEST_DB, LOUDEST_DB = -70.0, -20.0
# Levels of the coloured noise under clicks.
QUIETEST_FLOOR_DB, LOUDEST_FLOOR_DB = -75.0, -45.0
# Gains of recorded noise.
SOFTEST_GAIN_DB, LOUDEST_GAIN_DB = -30.0, 12.0


class SegmentSampler:
    """Random cuts of the noise or keyword-free speech of one split. It is false if there are no segments.

    Args:
        read: returns samples, (length,) int16, for an offset and a length.
        segments: segments of the split.
    """

    def __init__(self, read: Callable[[int, int], Pcm], segments: Sequence[Segment]) -> None:
        self._read = read
        self._segments = [segment for segment in segments if segment.length > 0]

    def __bool__(self) -> bool:
        return bool(self._segments)

    def cut(self, length: int, rng: np.random.Generator) -> tuple[Pcm, str]:
        """Returns a cut at a random position of a random segment. A shorter segment is repeated.

        Returns:
            (length,) int16, and the path of the recording with the position.
        """
        segment = self._segments[int(rng.integers(len(self._segments)))]
        start = int(rng.integers(max(1, segment.length - length + 1)))
        samples = self._read(segment.offset + start, min(length, segment.length))
        return np.resize(samples, length), f"{segment.path}@{start}"


def make_silence(
    kind: Kind, length: int, rate_hz: int, noise: SegmentSampler, rng: np.random.Generator
) -> tuple[Clip, str]:
    """Returns a clip of silence.

    Args:
        kind: ``colour``, ``click`` or ``level``.
        length: number of samples of the network's input. The clip has twice as many, so that each epoch can use another
            window of it.
        rate_hz: sample rate.
        noise: noise of the split; not empty if ``kind`` is ``level``.
        rng: random generator of the clip.

    Returns:
        The clip, and a description of its origin.
    """
    if kind == "colour":
        pcm, path = _coloured_noise(2 * length, rate_hz, rng.uniform(QUIETEST_DB, LOUDEST_DB), rng)
    elif kind == "click":
        pcm, path = _clicks(2 * length, rate_hz, rng)
    else:
        pcm, path = noise.cut(2 * length, rng)
        gain_db = rng.uniform(SOFTEST_GAIN_DB, LOUDEST_GAIN_DB)
        pcm = pcm_from_float(float_from_pcm(pcm) * np.float32(10 ** (gain_db / 20)))
        path = f"{path} {gain_db:+.1f} dB"
    return clip_edits.any_window(pcm, length), path


def _coloured_noise(
    num_samples: int, rate_hz: int, level_db: float, rng: np.random.Generator
) -> tuple[Pcm, str]:
    colour = sorted(ALL_COLOURS)[int(rng.integers(len(ALL_COLOURS)))]
    noise = GeneratedNoise(colour, num_samples / rate_hz, level_db, int(rng.integers(2**32)))
    return render(noise, rate_hz), f"{colour} {level_db:.1f} dB"


def _clicks(num_samples: int, rate_hz: int, rng: np.random.Generator) -> tuple[Pcm, str]:
    samples, path = click_noise(num_samples, rate_hz, rng), "clicks"
    if rng.random() < 0.5:
        floor, colour = _coloured_noise(
            num_samples, rate_hz, rng.uniform(QUIETEST_FLOOR_DB, LOUDEST_FLOOR_DB), rng
        )
        samples, path = samples + float_from_pcm(floor), f"clicks over {colour}"
    return pcm_from_float(samples), path
