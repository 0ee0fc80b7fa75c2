"""What the speech embedding teaches: of which clips, and what a linear layer on its values says of them."""

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
from kwspipe.training.distillation import EmbeddingTargets, embedding_targets, posteriors
from support.run_folders import composed_config


def composed(*overrides: str) -> PipelineConfig:
    return composed_config("+experiment=digits_3", *overrides)


def said_of(classes: np.ndarray) -> np.ndarray:
    """The teacher's values of clips, by which their classes are told apart, (clips, 864)."""
    rng = np.random.default_rng(0)
    of_class = rng.normal(size=(8, embedding_teacher.NUM_VALUES))
    return (of_class[classes] + rng.normal(0, 0.5, (len(classes), embedding_teacher.NUM_VALUES))).astype(
        np.float16
    )


def test_a_clip_is_judged_by_what_other_speakers_say() -> None:
    # One speaker, of most of the clips, is labelled wrong throughout: who is judged by him is told nonsense.
    speakers = ["wrong"] * 60 + ["one"] * 9 + ["two"] * 9
    classes = np.arange(78) % 3
    labels = np.where(np.arange(78) < 60, (classes + 1) % 3, classes)
    said = posteriors(said_of(classes), labels, speakers, 3)
    np.testing.assert_array_equal(said[:60].argmax(axis=1), classes[:60])
    np.testing.assert_array_equal(said[60:].argmax(axis=1), (classes[60:] + 1) % 3)


def test_labels_of_a_speaker_change_what_is_said_of_the_others_alone() -> None:
    speakers, classes = [f"s{number % 7}" for number in range(63)], np.arange(63) // 7 % 3
    own = np.array(speakers) == "s2"
    before = posteriors(said_of(classes), classes, speakers, 3)
    after = posteriors(said_of(classes), np.where(own, 0, classes), speakers, 3)
    np.testing.assert_array_equal(after[own], before[own])
    assert (after[~own] != before[~own]).any()


def test_of_an_unclear_clip_it_says_both_classes_whatever_its_label() -> None:
    classes = np.arange(40) % 2
    values = said_of(classes)
    values[0] = values[0::2].mean(axis=0) / 2 + values[1::2].mean(axis=0) / 2
    said = posteriors(values, classes, [f"s{number // 2 % 5}" for number in range(40)], 2)
    np.testing.assert_allclose(said[0], [0.5, 0.5], atol=0.05)
    assert said[2, 0] > 0.9 and said[1, 1] > 0.9


def test_each_class_has_its_own_column_and_all_together_say_one() -> None:
    classes = np.array([1, 4, 6] * 12)
    said = posteriors(said_of(classes), classes, [f"s{number // 3}" for number in range(36)], 7)
    assert said.shape == (36, 7) and said.dtype == np.float32
    np.testing.assert_array_equal(said.argmax(axis=1), classes)
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-6)
    assert not said[:, [0, 2, 3, 5]].any()


def test_of_a_class_that_only_its_speaker_has_it_knows_nothing() -> None:
    speakers = [f"s{number // 4}" for number in range(20)]
    classes = np.array([0, 1, 0, 1] * 4 + [0, 1, 2, 2])
    said = posteriors(said_of(classes), classes, speakers, 3)
    assert not said[16:, 2].any() and (said[:16, 2] > 0).all()
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("speakers", [["alone"] * 6, ["zero"] * 3 + ["two"] * 3], ids=["one", "a class each"])
def test_where_nobody_else_tells_classes_apart_the_labels_are_said(speakers: list[str]) -> None:
    classes = np.array([0, 0, 0, 2, 2, 2])
    said = posteriors(said_of(classes), classes, speakers, 3)
    assert said.dtype == np.float32
    np.testing.assert_array_equal(said, np.eye(3)[classes])


def test_posteriors_have_their_share_where_the_teacher_was_asked() -> None:
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    heard, likely = np.float32([1, 0, 1, 0]), np.float32([[0.5, 0.5], [0, 0], [0.2, 0.8], [0, 0]])
    taught = EmbeddingTargets(values, heard, 5.0, likely, 0.25).of(np.array([2, 1, 2, 0]))
    np.testing.assert_array_equal(taught.values, [[4, 5], [2, 3], [4, 5], [0, 1]])
    np.testing.assert_array_equal(taught.heard, [1, 0, 1, 1])
    np.testing.assert_array_equal(taught.posteriors, likely[[2, 1, 2, 0]])
    np.testing.assert_array_equal(taught.shares, [0.25, 0, 0.25, 0.25])
    assert taught.shares.dtype == np.float32


def test_a_lesson_without_posteriors_leaves_the_labels_their_whole_share() -> None:
    taught = EmbeddingTargets(np.zeros((4, 2), np.float32), np.ones(4, np.float32), 5.0).of(np.array([0, 3]))
    assert taught.posteriors is None
    assert not taught.shares.any()


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
    """A store of twelve silent clips a label; of each speaker one a label; every fourth speaker is for validation."""
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
def asked(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """A teacher in place of the real one, which tells the labels apart; the clips it was asked about."""
    heard: list[np.ndarray] = []

    def embeddings(folder: Path, numbers: np.ndarray, *_: object) -> np.ndarray:
        heard.append(numbers)
        return said_of(numbers % len(ClipStore(folder).labels))

    monkeypatch.setattr(embedding_teacher, "embeddings", embeddings)
    return heard


def test_it_is_asked_about_speech_of_the_training_split(tmp_path: Path, asked: list[np.ndarray]) -> None:
    folder = prepared(tmp_path, ("yes", "_silence_", "no"))
    numbers = np.array([n for n in range(36) if n // 3 % 4 and n % 3 != 1])
    config = composed("distill=speech_embedding", "distill.dimensions=2", "distill.weight=3")
    said = embedding_targets(config, folder, np.arange(36) % 3, 3)
    assert said is not None and said.posteriors is not None
    np.testing.assert_array_equal(asked, [numbers])
    np.testing.assert_array_equal(np.flatnonzero(said.weights), numbers)
    assert (said.targets.shape, said.weight, said.posteriors_weight) == ((36, 2), 3.0, 0.5)
    left_out = said.weights == 0
    assert not said.targets[left_out].any() and not said.posteriors[left_out].any()
    np.testing.assert_array_equal(said.posteriors[numbers].argmax(axis=1), numbers % 3)
    assert not said.posteriors[:, 1].any()


def test_without_a_class_of_silence_it_is_asked_about_the_whole_training_split(
    tmp_path: Path, asked: list[np.ndarray]
) -> None:
    folder = prepared(tmp_path, ("yes", "no"))
    said = embedding_targets(composed("distill=speech_embedding"), folder, np.arange(24) % 2, 2)
    numbers = np.array([n for n in range(24) if n // 2 % 4])
    assert said is not None and said.posteriors is not None
    np.testing.assert_array_equal(asked, [numbers])
    np.testing.assert_array_equal(said.posteriors[numbers].argmax(axis=1), numbers % 2)


def test_no_layer_is_fitted_for_posteriors_that_are_not_taught(
    tmp_path: Path, asked: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distillation, "posteriors", lambda *_: pytest.fail("a layer is fitted"))
    config = composed("distill=speech_embedding", "distill.posteriors_weight=0")
    said = embedding_targets(config, prepared(tmp_path, ("yes", "no")), np.arange(24) % 2, 2)
    assert said is not None and said.weights.sum() == 18
    assert said.posteriors is None


def test_in_training_its_posteriors_are_of_the_classes_that_are_taught(
    tmp_path: Path, asked: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
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
    (said,) = given
    assert said is not None and said.posteriors is not None
    assert said.posteriors.shape == (24, 3)
    # All other words are one word here: its clips are taught as the class beside the labels.
    np.testing.assert_array_equal(said.posteriors[asked[0]].argmax(axis=1), asked[0] % 2 * 2)
