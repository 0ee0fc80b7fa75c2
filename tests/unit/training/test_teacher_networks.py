"""Networks as teachers: which are taken, what is said of the others, and which of their outputs is which class."""

import hashlib
import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kwspipe.config import NetworkTeachersConfig, PipelineConfig
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.labels import ClassTable
from kwspipe.stages.train import STAGE
from kwspipe.training.targets import Step
from kwspipe.training.teacher_networks import Teacher, TeacherNetworks, built, check, shares_of
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.class_table_file import read_classes
from kwspipe.transfer.source import BUNDLED
from support.run_folders import composed_config, stage_hash, write_stage

CLASSES = json.dumps({"names": ["one", "_unknown_", "cat"], "labels": [0, 1, 1]}).encode()
LARGE, OTHER = (hashlib.sha256(name).hexdigest() for name in (b"large", b"other"))
NOT_TRAINED = (
    "it has no trained network. Allowed: a run of kwspipe that was trained and quantized, or its archive. "
    "Next: run it, or correct distill.runs"
)
DAMAGED = (
    "its configuration or classes.json cannot be read. Allowed: a run of this release of kwspipe. "
    "Next: train it again"
)


@cache
def composed() -> PipelineConfig:
    return composed_config("+experiment=digits_3", "distill=networks", "distill.runs=[large]")


def student(folder: Path, *runs: str) -> PipelineConfig:
    """The configuration of a run beside its teachers."""
    return replace(
        composed(),
        run_dir=str(folder / "student"),
        distill=NetworkTeachersConfig("networks", runs, 0.9, None),
    )


def make_teacher(folder: Path, classes: bytes | None = CLASSES, **config: Any) -> Path:
    """A run whose weights are its name, trained and quantized; a setting that is None is left out."""
    settings = {"frontend": vars(composed().frontend), "model": vars(composed().model)} | config
    settings = {key: value for key, value in settings.items() if value is not None}
    files = {"model.weights.h5": folder.name.encode()} | ({"classes.json": classes} if classes else {})
    write_stage(folder, "train", files, settings, {})
    inputs = {"train": stage_hash(folder, "train")}
    write_stage(folder, "quantize", {"model.tflite": b"int8"}, {"name": folder.name}, inputs)
    return folder


def archived(run_dir: Path, **members: bytes | None) -> Path:
    """Its archive, whole, with other members where they are given; one that is None is left out."""
    files = {**run_archive.collect(run_dir), **members}
    files = {name: data for name, data in files.items() if data is not None}
    index = {"format": 1, "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}}
    path = run_dir.with_suffix(".kwspipe.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (files | {run_archive.INDEX: json.dumps(index).encode()}).items():
            archive.writestr(name, data)
    return path


def failure(config: PipelineConfig) -> str:
    with pytest.raises(KwspipeError) as caught:
        check(config)
    return str(caught.value)


def test_each_teacher_counts_by_the_hash_of_its_weights(tmp_path: Path) -> None:
    large, other = make_teacher(tmp_path / "large"), make_teacher(tmp_path / "other")
    runs = ("large", str(other), str(archived(large)))
    assert check(student(tmp_path, *runs)) == {"teacher 0": LARGE, "teacher 1": OTHER, "teacher 2": LARGE}


def test_training_depends_on_them(tmp_path: Path) -> None:
    make_teacher(tmp_path / "large")
    config = student(tmp_path, "large")
    alone = replace(config, distill=composed_config("+experiment=digits_3").distill)
    assert "distill" in STAGE.reads
    assert STAGE.sources(config) == STAGE.sources(alone) | {"teacher 0": LARGE}
    assert "teacher 0" not in STAGE.sources(alone)


@pytest.mark.parametrize("choice", ["none", "speech_embedding"])
def test_who_asks_for_no_networks_has_none(tmp_path: Path, choice: str) -> None:
    config = composed_config("+experiment=digits_3", f"distill={choice}", f"run_dir={tmp_path / 'student'}")
    assert check(config) == {}
    assert built(config, (59, 49), ClassTable(("one",), (0,))) is None


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("distill.runs=[]", "distill.runs: received []; "),
        ("distill.weight=1.5", "distill.weight: received 1.5; "),
        ("distill.run=[large]", "distill.run: unknown key. Closest known key: distill.runs"),
    ],
)
def test_settings_that_make_no_sense_are_refused(override: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        composed_config("+experiment=digits_3", "distill=networks", "distill.runs=[large]", f"++{override}")
    (problem,) = caught.value.problems
    assert problem.startswith(text)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("posteriors_weight=1.5", "distill.speech_embedding.posteriors_weight: received 1.5; "),
        (
            "posterior_weight=0.5",
            "distill.speech_embedding.posterior_weight: unknown key. "
            "Closest known key: distill.speech_embedding.posteriors_weight",
        ),
    ],
)
def test_settings_of_the_speech_embedding_beside_them_are_checked_too(override: str, text: str) -> None:
    both = ("+experiment=digits_3", "distill=networks_and_embedding", "distill.runs=[large]")
    with pytest.raises(ConfigError) as caught:
        composed_config(*both, f"++distill.speech_embedding.{override}")
    (problem,) = caught.value.problems
    assert problem.startswith(text)


def test_of_a_missing_run_those_that_are_there_are_told(tmp_path: Path) -> None:
    assert failure(student(tmp_path, "lagre")) == (
        f"distill.runs: 'lagre' is neither a path nor a run in {tmp_path}. "
        "Allowed: a run directory, a *.kwspipe.zip, or one of: none yet. Next: correct it"
    )
    make_teacher(tmp_path / "large")
    make_teacher(tmp_path / "other")
    assert failure(student(tmp_path, "large", "lagre")) == (
        f"distill.runs: 'lagre' is neither a path nor a run in {tmp_path}. "
        "Allowed: a run directory, a *.kwspipe.zip, or one of: large, other. Next: correct it"
    )


def test_a_run_without_a_trained_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_stage(tmp_path / "adopted", "quantize", {"model.tflite": b"int8"}, {"name": "adopted"}, {})
    make_teacher(tmp_path / "without_classes", classes=None)
    changed = make_teacher(tmp_path / "changed")
    (changed / "train" / "model.weights.h5").write_bytes(b"other weights")
    again = make_teacher(tmp_path / "trained_again")
    files = {"model.weights.h5": b"not those that were quantized", "classes.json": CLASSES}
    write_stage(again, "train", files, {}, {})
    for name in ("empty", "adopted", "without_classes", "changed", "trained_again"):
        assert failure(student(tmp_path, name)) == f"distill.runs: {tmp_path / name}: {NOT_TRAINED}"


@pytest.mark.parametrize(
    "damage",
    [
        {"model": None},
        {"frontend": None},
        {"frontend": 3},
        {"frontend": {}},
        {"model": {"name": "vgg"}},
        {"model": vars(composed().model) | {"depth": 3}},
        {"classes": b"{"},
        {"classes": b"{}"},
        {"classes": b'{"names": ["one", "two"], "labels": [0]}'},
    ],
    ids=str,
)
def test_a_damaged_run_is_refused(tmp_path: Path, damage: dict[str, Any]) -> None:
    folder = make_teacher(tmp_path / "large", **damage)
    assert failure(student(tmp_path, "large")) == f"distill.runs: {folder}: {DAMAGED}"


@pytest.mark.parametrize("text", [None, b"", b"model: [", b"- model", b"\xff\x00"])
def test_an_archive_with_a_damaged_configuration_is_refused(tmp_path: Path, text: bytes | None) -> None:
    path = archived(make_teacher(tmp_path / "large"), **{run_archive.CONFIG: text})
    assert failure(student(tmp_path, str(path))) == f"distill.runs: {path}: {DAMAGED}"


def test_a_network_that_sees_other_features_is_refused_with_both(tmp_path: Path) -> None:
    make_teacher(tmp_path / "large")
    seen = vars(composed().frontend) | {"window_step_ms": 10}
    folder = make_teacher(tmp_path / "other", frontend=seen)
    assert failure(student(tmp_path, "large", "other")) == (
        f"distill.runs: {folder}: a network trained with frontend.window_step_ms=10, here it is 20. "
        "Allowed: networks that see the features of this one. "
        "Next: train it again with these features, or take its own here"
    )


def test_a_setting_of_what_both_leave_out_makes_no_other_features(tmp_path: Path) -> None:
    assert not composed().frontend.pcan_enable
    make_teacher(tmp_path / "large", frontend=vars(composed().frontend) | {"pcan_strength": 0.5})
    assert check(student(tmp_path, "large")) == {"teacher 0": LARGE}


def teacher_of(*names: str) -> Teacher:
    classes = ClassTable(names, tuple(range(len(names))))
    return Teacher("large", b"", classes, composed().model, vars(composed().frontend))


def refused(teacher: Teacher, *names: str) -> KwspipeError:
    with pytest.raises(KwspipeError) as caught:
        shares_of(teacher, names)
    return caught.value


def test_the_same_classes_in_another_order_are_the_same_classes() -> None:
    shares = shares_of(teacher_of("_unknown_", "one", "two"), ("one", "two", "_unknown_"))
    assert shares.dtype == np.float32
    assert shares.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_what_only_the_teacher_tells_apart_is_another_word() -> None:
    teacher = teacher_of("cat", "one", "_silence_", "_unknown_", "dog")
    shares = shares_of(teacher, ("one", "_unknown_", "dog"))
    assert shares.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_a_class_that_a_teacher_does_not_know_has_none_of_its_outputs() -> None:
    shares = shares_of(teacher_of("one", "_unknown_", "cat"), ("one", "two", "_unknown_", "dog"))
    assert shares.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]]


def test_a_network_that_knows_none_of_the_words_is_no_teacher() -> None:
    assert str(refused(teacher_of("cat", "dog", "_unknown_"), "one", "two", "_unknown_", "_silence_")) == (
        "distill.runs: large: it knows only cat, dog. "
        "Allowed: a network that knows some of one, two, _unknown_, _silence_. "
        "Next: train one on these words, or set distill=none"
    )


def test_the_bundled_teacher_has_the_classes_and_features_of_the_bundled_checkpoints(tmp_path: Path) -> None:
    ((name, sha256),) = check(student(tmp_path, "bundled")).items()
    weights = BUNDLED / "teacher" / "model.weights.h5"
    assert (name, sha256) == ("teacher 0", hashlib.sha256(weights.read_bytes()).hexdigest())
    arrays = read_checkpoint(weights)
    assert arrays["predictions"][0].shape[-1] == len(read_classes(BUNDLED).names)
    assert all(np.isfinite(array).all() for of_layer in arrays.values() for array in of_layer)


def test_a_network_that_knows_no_other_words_has_no_teacher_that_knows_more() -> None:
    assert shares_of(teacher_of("two", "one"), ("one", "two")).tolist() == [[0, 1], [1, 0]]
    assert str(refused(teacher_of("one", "two", "_unknown_", "cat"), "one", "two")) == (
        "distill.runs: large: it tells apart _unknown_, cat too. Allowed: a network that tells apart one, two. "
        "Next: give the network _unknown_ (dataset.unknown_class_percentage), or take another teacher"
    )


class Posteriors(list):  # type: ignore[type-arg]
    def numpy(self) -> np.ndarray:
        return np.array(self, np.float32)


def test_of_a_clip_whose_class_a_teacher_does_not_know_the_label_alone_teaches() -> None:
    teachers = object.__new__(TeacherNetworks)
    teachers.weight, teachers.known = 0.5, [np.array([True, False, True]), np.array([True, True, True])]
    teachers._said = lambda _: [Posteriors([[0.5, 0, 0.5]] * 3), Posteriors([[0, 1, 0]] * 3)]
    labels = np.array([[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5]], np.float32)
    step = teachers.teach(Step(np.zeros((3, 1, 1, 1), np.float32), (labels,), (np.ones(3, np.float32),)))
    first = [
        [-0.25, 0, 0.25],
        [0, 0, 0],
        [0.125, -0.125, 0],
    ]  # half of what would be taught, by share of what it knows
    second = [[-0.5, 0.5, 0], [0, 0, 0], [0, 0.25, -0.25]]
    np.testing.assert_allclose(step.outputs[0], labels + np.mean([first, second], axis=0))
