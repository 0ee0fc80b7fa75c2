"""Benchmark of the data path of training: from stored clips to int8 features in two worker processes.

The reference uses audiomentations clip by clip, reads background noise from files, and uses the same front end and
number of processes.
"""

import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from bench_entry import MLTK, Entry, entry
from bench_sounds import RATE_HZ, augment_preset, frontend_settings, write_noises, write_store

from kwspipe.augment import crop_or_pad_around_word
from kwspipe.augment.room_simulator import RoomSimulator
from kwspipe.config import AugmentConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.training.batches import TrainingBatches

CORES = 2
STORED_CLIPS = 1000
BATCH_SIZE = 32
# Rounds of some seconds each. The best one is used, since the machine may have other load.
ROUNDS, ROUND_S = 4, 2.0
REFERENCE_CLIPS = 400
MLTK_NOISE_CLIPS_PER_SECOND = 180.0
"""The best figure of the peer with background noise (160 to 180), 2 workers."""
MLTK_PITCH_CLIPS_PER_SECOND = 334.0
"""The best figure of the peer with pitch (172 to 334), 2 workers; with speed 131 to 163. It does not simulate rooms."""

# The closest equivalents of conf/augment/noisy.yaml and far_field.yaml in audiomentations, which has no speed change.
NOISY = (
    ("TimeStretch", {"p": 0.25, "min_rate": 0.85, "max_rate": 1.15}),
    ("PitchShift", {"p": 0.25, "min_semitones": -2.0, "max_semitones": 2.0}),
    ("ApplyImpulseResponse", {"p": 0.25, "ir_path": "rooms", "leave_length_unchanged": True}),
    ("AddGaussianSNR", {"p": 0.2, "min_snr_db": 10.0, "max_snr_db": 40.0}),
    ("AddBackgroundNoise", {"p": 0.8, "sounds_path": "noises", "min_snr_db": 0.0, "max_snr_db": 25.0}),
    ("SevenBandParametricEQ", {"p": 0.3, "min_gain_db": -9.0, "max_gain_db": 9.0}),
    ("Gain", {"p": 0.8, "min_gain_db": -18.0, "max_gain_db": 6.0}),
)
FAR_FIELD = (
    *NOISY[:2],
    ("ApplyImpulseResponse", {"p": 0.7, "ir_path": "rooms", "leave_length_unchanged": True}),
    ("AddGaussianSNR", {"p": 0.3, "min_snr_db": 5.0, "max_snr_db": 40.0}),
    ("AddBackgroundNoise", {"p": 0.8, "sounds_path": "noises", "min_snr_db": -3.0, "max_snr_db": 20.0}),
    ("SevenBandParametricEQ", {"p": 0.5, "min_gain_db": -10.0, "max_gain_db": 10.0}),
    ("LowPassFilter", {"p": 0.1, "min_cutoff_freq": 3000.0, "max_cutoff_freq": 4000.0}),
    ("ClippingDistortion", {"p": 0.1}),
    ("Gain", {"p": 0.9, "min_gain_db": -30.0, "max_gain_db": 6.0}),
)
PITCH = AugmentConfig(
    "random", ({"name": "PitchShift", "p": 1.0, "min_semitones": -3.0, "max_semitones": 3.0},)
)


def measure_noisy() -> Entry:
    """Returns the entry of conf/augment/noisy.yaml."""
    return _entry(
        "data_path_noisy_clips_per_second", augment_preset("noisy"), NOISY, MLTK_NOISE_CLIPS_PER_SECOND
    )


def measure_far_field() -> Entry:
    """Returns the entry of conf/augment/far_field.yaml, the slowest preset: room simulation for 70 % of the clips."""
    preset = augment_preset("far_field")
    return _entry("data_path_far_field_clips_per_second", preset, FAR_FIELD, None)


def measure_pitch() -> Entry:
    """Returns the entry of a pitch shift of every clip."""
    pitch = (("PitchShift", {"p": 1.0, "min_semitones": -3.0, "max_semitones": 3.0}),)
    return _entry("data_path_pitch_clips_per_second", PITCH, pitch, MLTK_PITCH_CLIPS_PER_SECOND)


def _entry(name: str, augment: AugmentConfig, reference: Any, peer: float | None) -> Entry:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        store = write_store(folder / "store", STORED_CLIPS)
        _write_rooms(folder / "rooms")
        (folder / "noises").mkdir()
        write_noises(folder / "noises")
        value = _training_batches(store, augment)
        reference_value = _clip_by_clip(store, folder, reference)
    reference_is = "audiomentations clip by clip and the same front end, in the same number of processes"
    return entry(name, value, "clips/s", reference_value, reference_is, peer, MLTK if peer else "")


def _training_batches(store: Path, augment: AugmentConfig) -> float:
    with TrainingBatches(store, frontend_settings(), augment, BATCH_SIZE, 1, CORES) as batches:
        stream = batches.epochs(0, 1_000_000)

        def some_batches() -> int:
            start_s, num_clips = time.perf_counter(), 0
            while time.perf_counter() - start_s < ROUND_S:
                num_clips += len(next(stream).targets)
            return num_clips

        some_batches()  # starts the workers
        return max(_rate(some_batches) for _ in range(ROUNDS))


def _rate(work: Callable[[], int]) -> float:
    start_s = time.perf_counter()
    return work() / (time.perf_counter() - start_s)


def _clip_by_clip(store: Path, folder: Path, transforms: Any) -> float:
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        parts = [(store, folder, transforms, part) for part in range(CORES)]
        list(pool.map(_augment_part, *zip(*parts, strict=True)))  # imports, compiled functions and caches
        return max(_rate(lambda: sum(pool.map(_augment_part, *zip(*parts, strict=True)))) for _ in range(2))


def _augment_part(store_folder: Path, folder: Path, transforms: Any, part: int) -> int:
    import audiomentations

    warnings.simplefilter("ignore")  # audiomentations warns about files that are shorter than the clip
    store, settings = ClipStore(store_folder), frontend_settings()
    paths = {key: str(folder / key) for key in ("rooms", "noises")}
    chain = audiomentations.Compose(
        [
            getattr(audiomentations, name)(
                **{key: paths.get(str(value), value) for key, value in parameters.items()}
            )
            for name, parameters in transforms
        ]
    )
    rng = np.random.default_rng(part)
    clips = []
    for number in store.select("training")[part::CORES][: REFERENCE_CLIPS // CORES]:
        pcm = crop_or_pad_around_word(
            store.clip(number), store.word_bounds(number), settings.sample_length, "random", rng
        )
        samples = chain(pcm.astype(np.float32) / 32768, RATE_HZ)
        clips.append(np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16))
    FrontEnd(settings).features(np.stack(clips))
    return len(clips)


def _write_rooms(folder: Path) -> None:
    folder.mkdir()
    rooms = RoomSimulator(num_rooms=16)
    rooms.prepare(RATE_HZ, 0)
    for number, response in enumerate(rooms._bank):
        soundfile.write(folder / f"room{number}.wav", response, RATE_HZ)


if __name__ == "__main__":
    for measure in (measure_noisy, measure_far_field, measure_pitch):
        print(measure())
