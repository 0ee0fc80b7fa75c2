"""Accuracy in noise: features and metrics of clips with added noise."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.metrics import noise_accuracy
from support.default_settings import FRONTEND

LABELS = ("one", "_unknown_", "_silence_")
NUM_CLIPS = 12


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    """Returns a store with tones of equal level and noise of the test split."""
    rng = np.random.default_rng(0)
    with StoreWriter(tmp_path, LABELS) as writer:
        for number in range(NUM_CLIPS):
            pcm = (3000 * np.sin(np.arange(19200) * 0.2)).astype(np.int16)
            label = LABELS[number % 3]
            writer.add_clip(
                pcm, (4000, 12000), label=label, kind="word", word=label, speaker=f"s{number}",
                split="testing", source="folder", path=f"{number}.wav",
            )  # fmt: skip
        noise = rng.integers(-500, 500, 80000).astype(np.int16)
        writer.add_noise_segment("hiss", "testing", writer.add_noise(noise), len(noise))
        writer.finish({"labels": LABELS})
    return ClipStore(tmp_path)


def features(store: ClipStore, snr_db: float, seed: int = 1) -> np.ndarray:
    return noise_accuracy.noisy_features(store, FRONTEND, np.arange(NUM_CLIPS), snr_db, seed)


def test_noise_depends_on_the_seed_and_on_the_ratio(store: ClipStore) -> None:
    clean = features(store, 90).astype(int)
    assert np.array_equal(features(store, 10), features(store, 10))
    assert not np.array_equal(features(store, 10), features(store, 10, seed=2))
    differences = [np.abs(features(store, snr_db) - clean).mean() for snr_db in (20, 10, 0)]
    assert 0 < differences[0] < differences[1] < differences[2]


def test_metrics_exclude_silence_clips(store: ClipStore) -> None:
    batch_sizes = []

    def always_one(clips: np.ndarray) -> np.ndarray:
        batch_sizes.append(len(clips))
        return np.tile(np.float32([0.9, 0.1, 0]), (len(clips), 1))

    numbers = np.arange(NUM_CLIPS)
    networks = {"float": always_one, "int8": lambda clips: 1 - always_one(clips)}
    rows = noise_accuracy.measure(
        store, FRONTEND, numbers, store.targets[numbers], LABELS, networks, [20.0, 10.0], seed=1
    )
    assert batch_sizes == [8] * 4
    assert [row["snr_db"] for row in rows] == [20.0, 10.0]
    for row in rows:
        assert row["float"] == {"words_accuracy": 1.0, "unknown_rejected": 0.0}
        assert row["int8"] == {"words_accuracy": 0.0, "unknown_rejected": 1.0}


def test_no_metrics_without_noise_of_the_test_split(
    store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "noise", lambda split: [])
    numbers = np.arange(NUM_CLIPS)
    assert noise_accuracy.measure(store, FRONTEND, numbers, store.targets, LABELS, {}, [10.0], seed=1) == []
