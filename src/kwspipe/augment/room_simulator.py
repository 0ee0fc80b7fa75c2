"""RoomSimulator: clips heard across a room, simulated or recorded."""

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
from kwspipe.dataset.sources.folder import find_noise

# Longer rooms change features little, and every clip's Fourier transform would be longer.
TAIL_S = 0.4
# Recorded responses are held in memory as spectra, 0.1 MB each.
MAX_RECORDED = 256
# Of the microphone's distance: places drawn before the nearest possible one is taken.
MAX_TRIES = 64


class RoomSimulator:
    """Adds the echoes of a room.

    A bank of rooms is made once; each clip draws one. Level and delay of the direct sound are taken out: a clip keeps
    its power, and its word its place.

    Args:
        min_size_x: shortest side of the floor in m.
        max_size_x: longest.
        min_size_y: likewise, the other side.
        max_size_y: likewise.
        min_size_z: lowest room in m.
        max_size_z: highest.
        min_absorption_value: least share of the sound's power that a wall takes; each wall draws its own.
        max_absorption_value: greatest.
        min_mic_distance: nearest the mouth is to the microphone in m.
        max_mic_distance: farthest, where the room is large enough.
        num_rooms: in the bank.
        rir_roots: folders of recorded impulse responses, to be used instead of simulated rooms.
    """

    num_taps = 0
    """Samples of the longest response; known once there is a sample rate."""

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
        """Makes the bank of rooms, the same for the same seed."""
        self.num_taps = int(TAIL_S * rate_hz)
        if self.recorded:
            chosen = np.random.default_rng(seed).permutation(len(self.recorded))[:MAX_RECORDED]
            self._bank = [_read(self.recorded[number], rate_hz, self.num_taps) for number in sorted(chosen)]
        else:
            rngs = [np.random.default_rng((seed, room)) for room in range(self.num_rooms)]
            self._bank = [_unit_power(self._simulated(rng, rate_hz)) for rng in rngs]
        self._spectra = {}

    def responses(self, num_fft: int, rate_hz: int, draws: CounterRng) -> Response:
        """Returns (clips, num_fft // 2 + 1) complex64."""
        if num_fft not in self._spectra:
            self._spectra = {num_fft: fourier.rfft(np.stack(self._bank), num_fft)}
        return self._spectra[num_fft][draws.below(len(self._bank))]

    def _simulated(self, rng: np.random.Generator, rate_hz: int) -> Samples:
        size_m = np.array([rng.uniform(*side) for side in self.size_m])
        reflection = np.sqrt(1 - rng.uniform(*self.absorption, (3, 2)))
        source_m, microphone_m = self._places(rng, size_m)
        return image_method(size_m, source_m, microphone_m, reflection, self.num_taps, rate_hz)

    def _places(self, rng: np.random.Generator, size_m: npt.NDArray) -> tuple[npt.NDArray, npt.NDArray]:
        """Draws a mouth and a microphone off the walls, as far from each other as asked, or as the room allows."""
        low, high = np.full(3, WALL_DISTANCE_M), size_m - WALL_DISTANCE_M
        best, best_off_m = (low, high), np.inf
        for _ in range(MAX_TRIES):
            wanted_m = rng.uniform(*self.distance_m)
            source_m, way = rng.uniform(low, high), rng.normal(size=3)
            microphone_m = np.clip(source_m + way / np.linalg.norm(way) * wanted_m, low, high)
            off_m = abs(float(np.linalg.norm(microphone_m - source_m)) - wanted_m)
            if off_m < best_off_m:
                best, best_off_m = (source_m, microphone_m), off_m
            if off_m < 0.01:
                break
        return best


def recorded_responses(rir_roots: Sequence[str]) -> list[Recording]:
    """Lists the impulse responses below folders, in the order of the folders.

    Raises:
        ValueError: a root is no folder, or holds no recordings.
    """
    if isinstance(rir_roots, str):
        raise ValueError(f"rir_roots is {rir_roots!r}; it is a list of folders: [{rir_roots}]")
    found: list[Recording] = []
    for index, root in enumerate(rir_roots):
        folder = Path(root).expanduser()
        rejected: list[Rejected] = []
        recordings = find_noise(folder, rejected) if folder.is_dir() else []
        if not recordings:
            fault = "a folder without recordings" if folder.is_dir() else "no folder"
            raise ValueError(
                f"rir_roots.{index}, {root!r}, is {fault}; give folders of recorded impulse responses"
            )
        found += recordings
    return found


def _read(recording: Recording, rate_hz: int, num_taps: int) -> Samples:
    """Reads a response from its direct sound on, which is its loudest sample."""
    response = float_from_pcm(read_pcm(Path(recording.origin), rate_hz))
    response = response[int(np.abs(response).argmax()) :][:num_taps]
    return _unit_power(np.pad(response, (0, num_taps - len(response))))


def _unit_power(response: Samples) -> Samples:
    power = float(np.dot(response, response))
    return response / np.float32(np.sqrt(power)) if power > 0 else response
