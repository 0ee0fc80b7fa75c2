"""Simulated rooms, compared with acoustics, recorded responses, and the transform."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.augment.random import CounterRng, clip_keys
from kwspipe.augment.room_simulator import RoomSimulator
from kwspipe.augment.rooms import SOUND_M_PER_S, image_method

RATE_HZ = 16000
SIZE = np.array([5.0, 4.0, 3.0])
SOURCE = np.array([1.0, 1.0, 1.5])
MICROPHONE = np.array([3.0, 2.0, 1.2])


def test_the_first_reflections_are_those_of_the_six_walls() -> None:
    reflection = np.full((3, 2), 0.5)
    response = image_method(SIZE, SOURCE, MICROPHONE, reflection, 800, RATE_HZ)
    direct_m = np.linalg.norm(SOURCE - MICROPHONE)
    assert response[0] == pytest.approx(1 / direct_m, rel=0.05)
    for axis in range(3):
        for wall_m in (0.0, SIZE[axis]):
            image = SOURCE.copy()
            image[axis] = 2 * wall_m - SOURCE[axis]
            distance_m = np.linalg.norm(image - MICROPHONE)
            tap = round((distance_m - direct_m) * RATE_HZ / SOUND_M_PER_S)
            assert response[tap] == pytest.approx(0.5 / distance_m, rel=0.3)


def test_absorbing_walls_do_not_reflect() -> None:
    response = image_method(SIZE, SOURCE, MICROPHONE, np.zeros((3, 2)), 800, RATE_HZ)
    assert np.abs(response[1:]).max() < 0.07 * response[0]  # undershoot of the high-pass filter


@pytest.mark.parametrize("absorption", [0.2, 0.4])
def test_the_reverberation_time_agrees_with_eyrings_formula(absorption: float) -> None:
    reflection = np.full((3, 2), np.sqrt(1 - absorption))
    response = image_method(SIZE, SOURCE, MICROPHONE, reflection, 8000, RATE_HZ).astype(float)
    remaining_db = 10 * np.log10(
        np.cumsum(response[::-1] ** 2)[::-1] / np.sum(response**2)
    )  # Schroeder, 1965
    first, last = np.flatnonzero(remaining_db < -5)[0], np.flatnonzero(remaining_db < -20)[0]
    rt60_s = 60 / 15 * (last - first) / RATE_HZ
    surface = 2 * (5 * 4 + 5 * 3 + 4 * 3)
    eyring_s = 0.161 * 60 / (-surface * np.log(1 - absorption))
    assert rt60_s == pytest.approx(
        eyring_s, rel=0.35
    )  # the image method has longer reverberation than a diffuse field


def test_responses_depend_on_the_seed_and_have_unit_power() -> None:
    banks = []
    for seed in (1, 1, 2):
        rooms = RoomSimulator(num_rooms=3)
        rooms.prepare(RATE_HZ, seed)
        banks.append(rooms.responses(25600, RATE_HZ, CounterRng(clip_keys(np.arange(20)))))
    assert np.array_equal(banks[0], banks[1]) and not np.array_equal(banks[0], banks[2])
    assert banks[0].shape == (20, 12801) and banks[0].dtype == np.complex64
    responses = np.fft.irfft(banks[0])
    assert np.allclose(np.sum(responses**2, axis=1), 1, rtol=1e-3)
    assert len(np.unique(responses[:, 0].round(6))) == 3


def test_mouth_and_microphone_are_in_the_room_at_the_required_distance() -> None:
    rooms = RoomSimulator(min_mic_distance=1.0, max_mic_distance=2.0)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        source, microphone = rooms._positions(rng, SIZE)
        assert np.all(source >= 0.29) and np.all(microphone <= SIZE - 0.29)
        assert 0.98 <= np.linalg.norm(source - microphone) <= 2.02


def test_recorded_responses_start_at_their_direct_sound(tmp_path: Path) -> None:
    response = np.zeros(4000, np.float32)
    response[700], response[1200] = 0.8, 0.4
    soundfile.write(tmp_path / "hall.wav", response, RATE_HZ)
    rooms = RoomSimulator(rir_roots=[str(tmp_path)])
    rooms.prepare(RATE_HZ, 0)
    used = np.fft.irfft(rooms.responses(25600, RATE_HZ, CounterRng(clip_keys(0))))[0]
    assert used[0] == pytest.approx(0.8944, abs=1e-3) and used[500] == pytest.approx(0.4472, abs=1e-3)


@pytest.mark.parametrize(
    ("roots", "message"),
    [
        (
            ["nowhere"],
            r"rir_roots\.0, 'nowhere', is not a folder; give folders of recorded impulse responses",
        ),
        (["."], r"rir_roots\.0, '\.', is a folder without recordings"),
        ("halls", r"rir_roots is 'halls'; it must be a list of folders: \[halls\]"),
    ],
)
def test_errors_for_invalid_folders(
    roots: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        RoomSimulator(rir_roots=roots)  # type: ignore[arg-type]
