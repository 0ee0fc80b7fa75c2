"""Assignment of the training classes."""

import json
from pathlib import Path

import numpy as np
import pytest

from kwspipe.dataset.clip_kinds import HARD_UNKNOWN
from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.errors import KwspipeError
from kwspipe.labels import ClassTable
from kwspipe.training.training_classes import MIN_CLIPS, assign_training_classes
from kwspipe.transfer.class_table_file import CLASSES, read_classes, write_classes

LABELS = ("one", "_unknown_", "_silence_")
ONE, UNKNOWN, SILENCE = range(3)
# label, word, kind, split, number of clips
Group = tuple[str, str, str, str, int]


def other(word: str, count: int, kind: str = "word", split: str = "training") -> Group:
    return "_unknown_", word, kind, split, count


def store_of(folder: Path, *groups: Group, labels: tuple[str, ...] = LABELS) -> ClipStore:
    """A store of clips with one sample each."""
    with StoreWriter(folder, labels) as writer:
        for label, word, kind, split, count in groups:
            for take in range(count):
                writer.add_clip(
                    np.zeros(1, np.int16), (0, 1), label=label, kind=kind, word=word, speaker=f"s{take}",
                    split=split, source="folder", path=f"{word}/{kind}{take}.wav",
                )  # fmt: skip
        writer.finish({"labels": labels})
    return ClipStore(folder)


def auxiliary(store: ClipStore, max_auxiliary: int) -> tuple[str, ...]:
    """The words of the auxiliary classes."""
    classes, _ = assign_training_classes(store, max_auxiliary)
    assert classes.names[: len(store.labels)] == store.labels
    return classes.names[len(store.labels) :]


def test_the_words_with_the_most_clips_are_auxiliary_classes_of_the_unknown_label(tmp_path: Path) -> None:
    store = store_of(
        tmp_path, ("one", "one", "word", "training", 3), other("cat", 30), other("dog", 25), other("bird", 40),
        ("_silence_", "", "noise", "training", 50),
    )  # fmt: skip
    classes, targets = assign_training_classes(store, 2)
    assert classes == ClassTable(
        ("one", "_unknown_", "_silence_", "bird", "cat"), (ONE, UNKNOWN, SILENCE, 1, 1)
    )
    expected = [ONE] * 3 + [4] * 30 + [UNKNOWN] * 25 + [3] * 40 + [SILENCE] * 50
    assert targets.tolist() == expected
    # The label of the training class is the label of the clip.
    assert np.array_equal(np.array(classes.labels)[targets], store.targets)


def test_among_words_with_equally_many_clips_the_first_by_name_is_chosen(tmp_path: Path) -> None:
    store = store_of(tmp_path, other("dog", MIN_CLIPS), other("cat", MIN_CLIPS))
    assert auxiliary(store, 1) == ("cat",)


def test_a_word_with_few_clips_stays_unknown(tmp_path: Path) -> None:
    store = store_of(tmp_path, other("cat", MIN_CLIPS), other("dog", MIN_CLIPS - 1))
    classes, targets = assign_training_classes(store, 40)
    assert classes.names == (*LABELS, "cat")
    assert targets.tolist() == [3] * MIN_CLIPS + [UNKNOWN] * (MIN_CLIPS - 1)


@pytest.mark.parametrize("split", ["validation", "testing"])
def test_only_training_clips_count_and_get_an_auxiliary_class(tmp_path: Path, split: str) -> None:
    store = store_of(
        tmp_path, other("dog", MIN_CLIPS, split=split), other("cat", MIN_CLIPS), other("cat", 2, split=split)
    )
    classes, targets = assign_training_classes(store, 40)
    assert classes.names == (*LABELS, "cat")
    assert targets.tolist() == [UNKNOWN] * MIN_CLIPS + [3] * MIN_CLIPS + [UNKNOWN] * 2


def test_near_misses_count_as_their_word(tmp_path: Path) -> None:
    store = store_of(tmp_path, other("won", MIN_CLIPS - 5), other("won", 5, "near_miss"))
    classes, targets = assign_training_classes(store, 1)
    assert classes.names == (*LABELS, "won")
    assert targets.tolist() == [3] * MIN_CLIPS


@pytest.mark.parametrize("kind", sorted(set(HARD_UNKNOWN) - {"near_miss"}))
def test_clips_that_are_not_one_complete_word_stay_unknown_and_do_not_count(
    tmp_path: Path, kind: str
) -> None:
    store = store_of(
        tmp_path, other("cat", MIN_CLIPS), other("cat", 3, kind), other("dog", MIN_CLIPS - 1), other("dog", 3, kind)
    )  # fmt: skip
    classes, targets = assign_training_classes(store, 40)
    assert classes.names == (*LABELS, "cat")
    assert targets.tolist() == [3] * MIN_CLIPS + [UNKNOWN] * (3 + MIN_CLIPS - 1 + 3)


def test_without_auxiliary_classes_all_other_words_are_one_class(tmp_path: Path) -> None:
    store = store_of(tmp_path, other("cat", 2 * MIN_CLIPS), ("one", "one", "word", "training", 2))
    classes, targets = assign_training_classes(store, 0)
    assert classes == ClassTable(LABELS, (0, 1, 2))
    assert np.array_equal(targets, store.targets)


def test_without_an_unknown_label_there_are_no_auxiliary_classes(tmp_path: Path) -> None:
    labels = ("one", "two")
    store = store_of(
        tmp_path, *[(word, word, "word", "training", 2 * MIN_CLIPS) for word in labels], labels=labels
    )
    classes, targets = assign_training_classes(store, 40)
    assert classes == ClassTable(labels, (0, 1))
    assert np.array_equal(targets, store.targets)


def test_a_written_class_table_is_read_back(tmp_path: Path) -> None:
    classes = ClassTable(("größe", "_unknown_", "cat"), (0, 1, 1))
    write_classes(tmp_path, classes)
    text = (tmp_path / CLASSES).read_text(encoding="utf-8")
    assert json.loads(text) == {"names": ["größe", "_unknown_", "cat"], "labels": [0, 1, 1]}
    assert ClassTable.from_json(text) == ClassTable.from_json(text.encode()) == classes


@pytest.mark.parametrize(
    "text",
    [
        '{"names": ["one", "two"], "labels": [0]}', '{"names": ["one"], "labels": ["x"]}', "", "{}", "[]",
        '{"names": 3, "labels": [0]}', '{"names": ["one"], "labels": [1e999]}', "[" * 100_000,
    ],
)  # fmt: skip
def test_text_that_is_not_a_class_table_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        ClassTable.from_json(text)


def test_a_missing_class_table_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError) as caught:
        read_classes(tmp_path)
    path = tmp_path / CLASSES
    assert str(caught.value) == (
        f"{path}: it cannot be read ([Errno 2] No such file or directory: '{path}'). "
        "Allowed: the classes of a training of this release. Next: run the stage train again"
    )


def test_different_numbers_of_names_and_labels_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 names of 1 classes"):
        ClassTable.from_json('{"names": ["one", "two"], "labels": [0]}')
