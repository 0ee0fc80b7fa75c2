"""Figures by clip over noise."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.metrics import in_noise
from support.default_settings import FRONTEND

LABELS = ("one", "_unknown_", "_silence_")
NUM_CLIPS = 12


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    """Tones of one loudness, and noise of the test split."""
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
    return in_noise.noisy_features(store, FRONTEND, np.arange(NUM_CLIPS), snr_db, seed)


def test_the_same_seed_adds_the_same_noise_and_a_lower_ratio_changes_more(store: ClipStore) -> None:
    clean = features(store, 90).astype(int)
    assert np.array_equal(features(store, 10), features(store, 10))
    assert not np.array_equal(features(store, 10), features(store, 10, seed=2))
    off = [np.abs(features(store, snr_db) - clean).mean() for snr_db in (20, 10, 0)]
    assert 0 < off[0] < off[1] < off[2]


def test_words_and_others_are_measured_and_silence_is_not(store: ClipStore) -> None:
    seen = []

    def always_one(clips: np.ndarray) -> np.ndarray:
        seen.append(len(clips))
        return np.tile(np.float32([0.9, 0.1, 0]), (len(clips), 1))

    numbers = np.arange(NUM_CLIPS)
    networks = {"float": always_one, "int8": lambda clips: 1 - always_one(clips)}
    found = in_noise.measure(
        store, FRONTEND, numbers, store.targets[numbers], LABELS, networks, [20.0, 10.0], seed=1
    )
    assert seen == [8] * 4
    assert [row["snr_db"] for row in found] == [20.0, 10.0]
    for row in found:
        assert row["float"] == {"words_accuracy": 1.0, "unknown_rejected": 0.0}
        assert row["int8"] == {"words_accuracy": 0.0, "unknown_rejected": 1.0}


def test_without_noise_of_the_test_split_there_are_no_such_figures(
    store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "noise", lambda split: [])
    numbers = np.arange(NUM_CLIPS)
    assert in_noise.measure(store, FRONTEND, numbers, store.targets, LABELS, {}, [10.0], seed=1) == []
