"""Synthetic clips in addition to recordings: keywords and other words of the training split."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.dataset.tts import espeak
from kwspipe.errors import KwspipeError

Make = Callable[..., DatasetConfig]
needs_espeak = pytest.mark.skipif(
    not espeak.is_installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)


@needs_espeak
def test_only_the_training_split_has_synthetic_clips(
    make_dataset: Make, frontend: FrontendConfig, tmp_path: Path
):
    dataset = make_dataset(synthetic_training_clips_per_word=6, unknown_class_percentage=2.0)
    (tmp_path / "store").mkdir()
    summary = prepare(dataset, frontend, 1, tmp_path / "store")
    rows = ClipStore(tmp_path / "store").rows
    assert Counter((r.label, r.split) for r in rows if r.source == "synthetic") == {
        ("one", "training"): 6,
        ("two", "training"): 6,
        ("three", "training"): 6,
        ("_unknown_", "training"): 12,
    }
    assert summary["synthetic_training_clips"] == {"one": 6, "two": 6, "three": 6, "_unknown_": 12}
    assert summary["synthetic"] is False and summary["source_used"] == "folder"
    assert {r.word for r in rows if r.source == "synthetic" and r.label == "_unknown_"} == {
        "cat", "dog", "house", "tree",
    }  # fmt: skip
    recorded = Counter((r.label, r.split) for r in rows if r.source == "folder" and r.label != "_silence_")
    assert recorded["one", "training"] == 8 and recorded["_unknown_", "training"] == 16
    # Synthetic voices are not counted as speakers.
    assert summary["speakers"] == {"training": 8, "validation": 2, "testing": 2}


@needs_espeak
def test_a_synthetic_source_gets_no_additional_clips(
    make_dataset: Make, frontend: FrontendConfig, tmp_path: Path, caplog
):
    dataset = make_dataset(sources=("synthetic",), synthetic_training_clips_per_word=6)
    summary = prepare(dataset, frontend, 1, tmp_path)
    assert summary["synthetic_training_clips"] == {}
    assert sum(summary["counts"]["one"].values()) == 10
    assert "is ignored: all clips are synthetic" in caplog.text


def test_a_missing_extra_is_named(make_dataset: Make, frontend: FrontendConfig, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(espeak, "is_installed", lambda: False)
    with pytest.raises(KwspipeError) as caught:
        prepare(make_dataset(synthetic_training_clips_per_word=6), frontend, 1, tmp_path)
    assert "dataset.synthetic_training_clips_per_word: 6, but espeak-ng is not installed" in str(caught.value)
    assert "pip install kwspipe[synthetic]" in str(caught.value)
