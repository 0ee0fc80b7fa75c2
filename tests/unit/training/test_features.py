"""Features of clips without augmentation."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.training import features
from support.default_settings import FRONTEND

LABELS = ("one", "_silence_")


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    """A store with 20 training clips per label and 3 validation clips, of which one is a hard negative."""
    rng = np.random.default_rng(0)
    with StoreWriter(tmp_path, LABELS) as writer:
        for number in range(43):
            label, split = LABELS[number // 20 % 2], "training" if number < 40 else "validation"
            writer.add_clip(
                rng.integers(-3000, 3000, 19200).astype(np.int16), (4000, 9000), label=label,
                kind="click" if number == 42 else "word", word=label, speaker=f"s{number}", split=split,
                source="folder", path=f"{number}.wav",
            )  # fmt: skip
        writer.finish({"labels": LABELS})
    return ClipStore(tmp_path)


def test_features_do_not_depend_on_the_size_of_the_blocks(
    store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = store.select("training")
    one_block = features.plain_features(store, FRONTEND, numbers)
    monkeypatch.setattr(features, "CLIPS_PER_BLOCK", 8)
    assert np.array_equal(features.plain_features(store, FRONTEND, numbers), one_block)
    assert features.plain_features(store, FRONTEND, numbers[:0]).shape == (0, *one_block.shape[1:])


def test_the_features_of_a_split_are_without_hard_negatives(store: ClipStore) -> None:
    found, targets = features.split_features(store, FRONTEND, "validation")
    assert targets.tolist() == store.targets[[40, 41]].tolist()
    assert np.array_equal(found, features.plain_features(store, FRONTEND, np.array([40, 41])))


def test_calibration_clips_are_spread_over_the_training_split(store: ClipStore) -> None:
    found = features.calibration_features(store, FRONTEND, 4)
    assert np.array_equal(found, features.plain_features(store, FRONTEND, np.array([0, 13, 26, 39])))
    assert len(features.calibration_features(store, FRONTEND, 1000)) == 40
