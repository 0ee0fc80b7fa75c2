"""Targets from the speech embedding: their clips, and the posteriors of the linear layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import PipelineConfig
from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.errors import ConfigError
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder
from kwspipe.stages import train
from kwspipe.training import distillation, embedding_teacher
from kwspipe.training.distillation import EmbeddingTargets, embedding_targets, out_of_fold_posteriors
from support.run_folders import composed_config


def composed(*overrides: str) -> PipelineConfig:
    return composed_config("+experiment=digits_3", *overrides)


def separable_embeddings(classes: np.ndarray) -> np.ndarray:
    """Embeddings of clips, (clips, 864), from which the classes can be separated."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(8, embedding_teacher.NUM_VALUES))
    return (means[classes] + rng.normal(0, 0.5, (len(classes), embedding_teacher.NUM_VALUES))).astype(
        np.float16
    )


def test_posteriors_are_fitted_to_the_other_speakers() -> None:
    # All clips of one speaker, who has most of the clips, have wrong labels.
    speakers = ["wrong"] * 60 + ["one"] * 9 + ["two"] * 9
    classes = np.arange(78) % 3
    labels = np.where(np.arange(78) < 60, (classes + 1) % 3, classes)
    found = out_of_fold_posteriors(separable_embeddings(classes), labels, speakers, 3)
    np.testing.assert_array_equal(found[:60].argmax(axis=1), classes[:60])
    np.testing.assert_array_equal(found[60:].argmax(axis=1), (classes[60:] + 1) % 3)


def test_the_labels_of_a_speaker_change_only_the_posteriors_of_the_other_speakers() -> None:
    speakers, classes = [f"s{number % 7}" for number in range(63)], np.arange(63) // 7 % 3
    own = np.array(speakers) == "s2"
    before = out_of_fold_posteriors(separable_embeddings(classes), classes, speakers, 3)
    after = out_of_fold_posteriors(separable_embeddings(classes), np.where(own, 0, classes), speakers, 3)
    np.testing.assert_array_equal(after[own], before[own])
    assert (after[~own] != before[~own]).any()


def test_an_unclear_clip_has_a_posterior_for_both_classes() -> None:
    classes = np.arange(40) % 2
    values = separable_embeddings(classes)
    values[0] = values[0::2].mean(axis=0) / 2 + values[1::2].mean(axis=0) / 2
    found = out_of_fold_posteriors(values, classes, [f"s{number // 2 % 5}" for number in range(40)], 2)
    np.testing.assert_allclose(found[0], [0.5, 0.5], atol=0.05)
    assert found[2, 0] > 0.9 and found[1, 1] > 0.9


def test_each_class_has_a_column_and_the_posteriors_sum_to_one() -> None:
    classes = np.array([1, 4, 6] * 12)
    found = out_of_fold_posteriors(
        separable_embeddings(classes), classes, [f"s{number // 3}" for number in range(36)], 7
    )
    assert found.shape == (36, 7) and found.dtype == np.float32
    np.testing.assert_array_equal(found.argmax(axis=1), classes)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert not found[:, [0, 2, 3, 5]].any()


def test_a_class_of_a_single_speaker_has_no_posterior_for_its_clips() -> None:
    speakers = [f"s{number // 4}" for number in range(20)]
    classes = np.array([0, 1, 0, 1] * 4 + [0, 1, 2, 2])
    found = out_of_fold_posteriors(separable_embeddings(classes), classes, speakers, 3)
    assert not found[16:, 2].any() and (found[:16, 2] > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "speakers", [["alone"] * 6, ["zero"] * 3 + ["two"] * 3], ids=["one speaker", "disjoint classes"]
)
def test_if_no_layer_can_be_fitted_the_posteriors_are_the_labels(speakers: list[str]) -> None:
    classes = np.array([0, 0, 0, 2, 2, 2])
    found = out_of_fold_posteriors(separable_embeddings(classes), classes, speakers, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.eye(3)[classes])


def test_posteriors_have_a_share_for_clips_with_an_embedding() -> None:
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    weights, posteriors = np.float32([1, 0, 1, 0]), np.float32([[0.5, 0.5], [0, 0], [0.2, 0.8], [0, 0]])
    batch = EmbeddingTargets(values, weights, 5.0, posteriors, 0.25).of_clips(np.array([2, 1, 2, 0]))
    np.testing.assert_array_equal(batch.values, [[4, 5], [2, 3], [4, 5], [0, 1]])
    np.testing.assert_array_equal(batch.weights, [1, 0, 1, 1])
    np.testing.assert_array_equal(batch.posteriors, posteriors[[2, 1, 2, 0]])
    np.testing.assert_array_equal(batch.posterior_shares, [0.25, 0, 0.25, 0.25])
    assert batch.posterior_shares.dtype == np.float32


def test_without_posteriors_the_label_has_the_full_share() -> None:
    targets = EmbeddingTargets(np.zeros((4, 2), np.float32), np.ones(4, np.float32), 5.0)
    batch = targets.of_clips(np.array([0, 3]))
    assert batch.posteriors is None
    assert not batch.posterior_shares.any()


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("posteriors_weight=1.5", "distill.posteriors_weight: received 1.5; "),
        (
            "posterior_weight=0.5",
            "distill.posterior_weight: unknown key. Closest known key: distill.posteriors_weight",
        ),
    ],
)
def test_settings_of_the_teacher_are_checked(override: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        composed("distill=speech_embedding", f"++distill.{override}")
    (problem,) = caught.value.problems
    assert problem.startswith(text)


def test_without_a_teacher_there_are_no_targets(tmp_path: Path) -> None:
    assert embedding_targets(composed("distill=none"), tmp_path / "not prepared", np.arange(0), 3) is None


def prepared(folder: Path, labels: tuple[str, ...]) -> Path:
    """A store with twelve clips per label, one of each speaker. Every fourth speaker is in the validation split."""
    with (
        stage_folder(folder / "prepare", Fingerprint({}, {}, "")) as path,
        StoreWriter(path, labels) as writer,
    ):
        for number, label in enumerate(labels * 12):
            speaker = number // len(labels)
            writer.add_clip(
                np.zeros(400, np.int16), (0, 400), label=label, kind="word", word=label, speaker=f"s{speaker}",
                split="training" if speaker % 4 else "validation", source="folder", path=f"{number}.wav",
            )  # fmt: skip
        writer.finish({"labels": labels})
    return folder / "prepare"


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Replaces the embeddings by separable ones, and returns a list of the clips for which they are computed."""
    calls: list[np.ndarray] = []

    def embeddings(folder: Path, numbers: np.ndarray, *_: object) -> np.ndarray:
        calls.append(numbers)
        return separable_embeddings(numbers % len(ClipStore(folder).labels))

    monkeypatch.setattr(embedding_teacher, "embeddings", embeddings)
    return calls


def test_embeddings_are_computed_for_speech_of_the_training_split(
    tmp_path: Path, embedded: list[np.ndarray]
) -> None:
    folder = prepared(tmp_path, ("yes", "_silence_", "no"))
    numbers = np.array([n for n in range(36) if n // 3 % 4 and n % 3 != 1])
    config = composed("distill=speech_embedding", "distill.dimensions=2", "distill.weight=3")
    targets = embedding_targets(config, folder, np.arange(36) % 3, 3)
    assert targets is not None and targets.posteriors is not None
    np.testing.assert_array_equal(embedded, [numbers])
    np.testing.assert_array_equal(np.flatnonzero(targets.weights), numbers)
    assert (targets.values.shape, targets.weight, targets.posteriors_weight) == ((36, 2), 3.0, 0.5)
    without = targets.weights == 0
    assert not targets.values[without].any() and not targets.posteriors[without].any()
    np.testing.assert_array_equal(targets.posteriors[numbers].argmax(axis=1), numbers % 3)
    assert not targets.posteriors[:, 1].any()


def test_without_a_class_of_silence_embeddings_are_computed_for_the_complete_training_split(
    tmp_path: Path, embedded: list[np.ndarray]
) -> None:
    folder = prepared(tmp_path, ("yes", "no"))
    targets = embedding_targets(composed("distill=speech_embedding"), folder, np.arange(24) % 2, 2)
    numbers = np.array([n for n in range(24) if n // 2 % 4])
    assert targets is not None and targets.posteriors is not None
    np.testing.assert_array_equal(embedded, [numbers])
    np.testing.assert_array_equal(targets.posteriors[numbers].argmax(axis=1), numbers % 2)


def test_without_a_share_of_the_posteriors_no_layer_is_fitted(
    tmp_path: Path, embedded: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distillation, "out_of_fold_posteriors", lambda *_: pytest.fail("a layer is fitted"))
    config = composed("distill=speech_embedding", "distill.posteriors_weight=0")
    targets = embedding_targets(config, prepared(tmp_path, ("yes", "no")), np.arange(24) % 2, 2)
    assert targets is not None and targets.weights.sum() == 18
    assert targets.posteriors is None


def test_the_posteriors_are_those_of_the_training_classes(
    tmp_path: Path, embedded: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(tmp_path, ("yes", "_unknown_"))
    given: list[EmbeddingTargets | None] = []

    @contextmanager
    def no_batches(*_: object) -> Iterator[None]:
        yield

    monkeypatch.setattr("kwspipe.training.training_classes.MIN_CLIPS", 9)
    monkeypatch.setattr(train, "TrainingBatches", no_batches)
    monkeypatch.setattr(train, "_fit", lambda *arguments: given.append(arguments[-1]))
    config = composed("distill=speech_embedding")
    config = replace(config, train=replace(config.train, num_auxiliary_word_classes=1))
    train.run(config, tmp_path, tmp_path / "train")
    (targets,) = given
    assert targets is not None and targets.posteriors is not None
    assert targets.posteriors.shape == (24, 3)
    # The store has one other word, whose clips are an auxiliary class.
    np.testing.assert_array_equal(targets.posteriors[embedded[0]].argmax(axis=1), embedded[0] % 2 * 2)
