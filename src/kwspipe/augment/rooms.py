"""Impulse responses of shoebox rooms by the image method.

J. B. Allen, D. A. Berkley, "Image method for efficiently simulating small-room acoustics", 1979. Each reflection is the
sound of a mirror image of the source, attenuated by the distance and by the walls.
"""

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Samples

SOUND_M_PER_S = 343.0
# All reflections have the same sign. Their sum at low frequencies is removed by a filter, as by Allen and Berkley.
HIGH_PASS_HZ = 100.0
# Minimum distance of source and microphone from a wall.
WALL_DISTANCE_M = 0.3

Vector = npt.NDArray[np.float64]


def image_method(
    size_m: Vector, source_m: Vector, microphone_m: Vector, reflection: Vector, num_taps: int, rate_hz: int
) -> Samples:
    """Returns the impulse response of a shoebox room, (num_taps,) float32, from the direct sound on.

    Args:
        size_m: (3,) size of the room.
        source_m: (3,) position of the mouth, from a corner.
        microphone_m: (3,) position of the microphone.
        reflection: (3, 2) amplitude factors of the two walls on each axis.
        num_taps: samples of the result.
        rate_hz: sample rate.
    """
    direct_m = float(np.linalg.norm(source_m - microphone_m))
    reach_m = direct_m + num_taps * SOUND_M_PER_S / rate_hz
    images = [_images(axis, size_m, source_m, microphone_m, reflection, reach_m) for axis in range(3)]
    offsets, factors = zip(*images, strict=True)
    response = np.zeros(num_taps)
    for offset, factor in zip(offsets[0], factors[0], strict=True):  # one plane of images per iteration
        squared = offset**2 + offsets[1][:, None] ** 2 + offsets[2] ** 2
        near = squared < reach_m**2
        distance_m = np.sqrt(squared[near])
        taps = np.rint((distance_m - direct_m) * rate_hz / SOUND_M_PER_S).astype(np.int64)
        level = factor * (factors[1][:, None] * factors[2])[near] / distance_m
        response += np.bincount(taps.clip(max=num_taps), level, num_taps + 1)[:num_taps]
    return _high_passed(response, rate_hz)


def _images(
    axis: int, size_m: Vector, source_m: Vector, microphone_m: Vector, reflection: Vector, reach_m: float
) -> tuple[Vector, Vector]:
    """Returns the distances of the images from the microphone along one axis, and their amplitude factors.

    Image (n, u) is at a distance of 2 n rooms, and mirrored if u = 1. It is reflected abs(n - u) times at the wall at 0
    and abs(n) times at the other wall (Allen and Berkley, equation 10).
    """
    size = size_m[axis]
    max_n = int(reach_m / (2 * size)) + 1
    n, mirrored = np.meshgrid(np.arange(-max_n, max_n + 1), (0, 1))
    offset = (1 - 2 * mirrored) * source_m[axis] + 2 * n * size - microphone_m[axis]
    factor = reflection[axis, 0] ** np.abs(n - mirrored) * reflection[axis, 1] ** np.abs(n)
    near = np.abs(offset) < reach_m
    return offset[near], factor[near]


def _high_passed(response: Vector, rate_hz: int) -> Samples:
    num_fft = 2 * len(response)
    ratio = np.fft.rfftfreq(num_fft, 1 / rate_hz) / HIGH_PASS_HZ * 1j
    spectrum = (
        np.fft.rfft(response, num_fft) * ratio**2 / (1 + np.sqrt(2) * ratio + ratio**2)
    )  # Butterworth filter of order 2
    return np.fft.irfft(spectrum, num_fft)[: len(response)].astype(np.float32)
