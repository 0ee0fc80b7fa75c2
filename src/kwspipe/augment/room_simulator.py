"""Room simulator: convolution of clips with simulated or recorded impulse responses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Samples, float_from_pcm, read_pcm
from kwspipe.augment import fourier
from kwspipe.augment.filters import Response
from kwspipe.augment.parameters import interval, number
from kwspipe.augment.random import CounterRng
from kwspipe.augment.rooms import WALL_DISTANCE_M, image_method
from kwspipe.dataset.recordings import Recording, Rejected
from kwspipe.dataset.sources.recording_files import list_recordings

# Longer responses change the features only slightly and require longer Fourier transforms.
TAIL_S = 0.4
# Recorded responses are kept in memory as spectra of 0.1 MB.
MAX_RECORDED = 256
# Number of random positions. The one with the best distance is used.
MAX_TRIES = 64


class RoomSimulator:
    """Adds the reverberation of a room.

    The rooms are computed once. A random room is chosen for each clip. The level and the delay of the direct sound are
    removed, so that the power of the clip and the position of the word do not change.

    Args:
        min_size_x: smallest length in m.
        max_size_x: largest length in m.
        min_size_y: smallest width in m.
        max_size_y: largest width in m.
        min_size_z: smallest height in m.
        max_size_z: largest height in m.
        min_absorption_value: smallest share of the sound's power that a wall absorbs; random for each wall.
        max_absorption_value: largest share.
        min_mic_distance: smallest distance of mouth and microphone in m.
        max_mic_distance: largest distance in m, if the room is large enough.
        num_rooms: number of rooms.
        rir_roots: folders of recorded impulse responses, which replace the simulated rooms.
    """

    num_taps = 0
    """Samples of a response; set by ``prepare``."""

    def __init__(
        self,
        min_size_x: float = 2.5,
        max_size_x: float = 8.0,
        min_size_y: float = 2.5,
        max_size_y: float = 6.0,
        min_size_z: float = 2.3,
        max_size_z: float = 3.2,
        min_absorption_value: float = 0.15,
        max_absorption_value: float = 0.7,
        min_mic_distance: float = 0.3,
        max_mic_distance: float = 4.0,
        num_rooms: int = 64,
        rir_roots: Sequence[str] = (),
    ) -> None:
        sides = {"x": (min_size_x, max_size_x), "y": (min_size_y, max_size_y), "z": (min_size_z, max_size_z)}
        self.size_m = [
            interval({f"min_size_{axis}": low, f"max_size_{axis}": high}, 1.0, 50.0)
            for axis, (low, high) in sides.items()
        ]
        self.absorption = interval(
            {"min_absorption_value": min_absorption_value, "max_absorption_value": max_absorption_value},
            0.05,
            1,
        )
        self.distance_m = interval(
            {"min_mic_distance": min_mic_distance, "max_mic_distance": max_mic_distance}, 0.1, 50
        )
        self.num_rooms = int(number("num_rooms", num_rooms, 1, 4096))
        self.recorded = recorded_responses(rir_roots)
        self._spectra: dict[int, npt.NDArray[np.complex64]] = {}

    def prepare(self, rate_hz: int, seed: int) -> None:
        """Computes or reads the impulse responses, reproducibly for a given seed."""
        self.num_taps = int(TAIL_S * rate_hz)
        if self.recorded:
            chosen = np.random.default_rng(seed).permutation(len(self.recorded))[:MAX_RECORDED]
            self._bank = [_read(self.recorded[number], rate_hz, self.num_taps) for number in sorted(chosen)]
        else:
            rngs = [np.random.default_rng((seed, room)) for room in range(self.num_rooms)]
            self._bank = [_unit_power(self._simulated(rng, rate_hz)) for rng in rngs]
        self._spectra = {}

    def responses(self, num_fft: int, rate_hz: int, rng: CounterRng) -> Response:
        """Returns (clips, num_fft // 2 + 1) complex64."""
        if num_fft not in self._spectra:
            self._spectra = {num_fft: fourier.rfft(np.stack(self._bank), num_fft)}
        return self._spectra[num_fft][rng.below(len(self._bank))]

    def _simulated(self, rng: np.random.Generator, rate_hz: int) -> Samples:
        size_m = np.array([rng.uniform(*side) for side in self.size_m])
        reflection = np.sqrt(1 - rng.uniform(*self.absorption, (3, 2)))
        source_m, microphone_m = self._positions(rng, size_m)
        return image_method(size_m, source_m, microphone_m, reflection, self.num_taps, rate_hz)

    def _positions(self, rng: np.random.Generator, size_m: npt.NDArray) -> tuple[npt.NDArray, npt.NDArray]:
        """Returns random positions of mouth and microphone, with the required distance if the room allows it."""
        low, high = np.full(3, WALL_DISTANCE_M), size_m - WALL_DISTANCE_M
        best, best_error_m = (low, high), np.inf
        for _ in range(MAX_TRIES):
            distance_m = rng.uniform(*self.distance_m)
            source_m, direction = rng.uniform(low, high), rng.normal(size=3)
            microphone_m = np.clip(source_m + direction / np.linalg.norm(direction) * distance_m, low, high)
            error_m = abs(float(np.linalg.norm(microphone_m - source_m)) - distance_m)
            if error_m < best_error_m:
                best, best_error_m = (source_m, microphone_m), error_m
            if error_m < 0.01:
                break
        return best


def recorded_responses(rir_roots: Sequence[str]) -> list[Recording]:
    """Lists the impulse responses in folders, in the order of the folders.

    Raises:
        ValueError: a path is not a folder, or a folder contains no recordings.
    """
    if isinstance(rir_roots, str):
        raise ValueError(f"rir_roots is {rir_roots!r}; it must be a list of folders: [{rir_roots}]")
    found: list[Recording] = []
    for index, root in enumerate(rir_roots):
        folder = Path(root).expanduser()
        rejected: list[Rejected] = []
        recordings = list_recordings(folder, rejected) if folder.is_dir() else []
        if not recordings:
            fault = "a folder without recordings" if folder.is_dir() else "not a folder"
            raise ValueError(
                f"rir_roots.{index}, {root!r}, is {fault}; give folders of recorded impulse responses"
            )
        found += recordings
    return found


def _read(recording: Recording, rate_hz: int, num_taps: int) -> Samples:
    """Reads a response from its direct sound on, which is the sample with the largest absolute value."""
    response = float_from_pcm(read_pcm(Path(recording.origin), rate_hz))
    response = response[int(np.abs(response).argmax()) :][:num_taps]
    return _unit_power(np.pad(response, (0, num_taps - len(response))))


def _unit_power(response: Samples) -> Samples:
    power = float(np.dot(response, response))
    return response / np.float32(np.sqrt(power)) if power > 0 else response
