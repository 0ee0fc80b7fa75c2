"""Selection of the recordings that become clips."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.config import DatasetConfig
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import SPLITS, Recording
from kwspipe.dataset.selection import (
    keyword_quotas,
    labels_of,
    num_class_clips,
    round_robin,
    split_quotas,
    unknown_quotas,
)
from kwspipe.errors import KwspipeError

Make = Callable[..., DatasetConfig]


def clips(word: str, training: int, validation: int = 0, testing: int = 0) -> list[Recording]:
    splits = ["training"] * training + ["validation"] * validation + ["testing"] * testing
    return [
        Recording(f"{word}/{split}{n}_nohash_0.wav", word, f"{split}{n}", split, None, "")  # type: ignore[arg-type]
        for n, split in enumerate(splits)
    ]


def test_labels_are_the_words_then_unknown_then_silence(make_dataset: Make):
    assert labels_of(make_dataset()) == ("one", "two", "three", "_unknown_", "_silence_")
    assert labels_of(make_dataset(unknown_class_percentage=0.0)) == ("one", "two", "three", "_silence_")
    assert labels_of(make_dataset(silence_class_ratio=0.0)) == ("one", "two", "three", "_unknown_")


def test_the_error_of_a_word_without_recordings_lists_the_closest_words(make_dataset: Make):
    found = [*clips("one", 3), *clips("two", 3), *clips("tree", 3), *clips("cat", 3)]
    with pytest.raises(KwspipeError) as caught:
        keyword_quotas(found, make_dataset(), 1)
    assert str(caught.value) == (
        "dataset.words.2: no recordings of 'three'. Allowed: words with recordings, closest first: tree, cat, "
        "one, two. Next: did you mean 'tree'? Otherwise correct the word, or add a folder of recordings named 'three'"
    )


def test_keywords_get_all_their_clips(make_dataset: Make):
    found = [*clips("one", 7, 2, 1), *clips("two", 3, 1, 1), *clips("three", 4), *clips("cat", 3)]
    drawn = {(q.label, q.split): [r.path for r in q.queue] for q in keyword_quotas(found, make_dataset(), 1)}
    assert {key: len(paths) for key, paths in drawn.items() if paths} == {
        ("one", "training"): 7, ("one", "validation"): 2, ("one", "testing"): 1,
        ("two", "training"): 3, ("two", "validation"): 1, ("two", "testing"): 1, ("three", "training"): 4,
    }  # fmt: skip


def test_capped_words_keep_spare_recordings_for_replacement(make_dataset: Make):
    found = [*clips("one", 80, 10, 10), *clips("two", 5), *clips("three", 5)]
    quotas = [q for q in keyword_quotas(found, make_dataset(max_clips_per_word=20), 1) if q.label == "one"]
    assert {q.split: q.missing for q in quotas} == {"training": 16, "validation": 2, "testing": 2}
    assert [len(list(q.queue)) for q in quotas] == [80, 10, 10]


def test_few_shot_limits_training_only(make_dataset: Make):
    found = [*clips("one", 80, 10, 10), *clips("two", 5), *clips("three", 5)]
    quotas = keyword_quotas(found, make_dataset(max_training_clips_per_word=20), 1)
    assert {q.split: q.missing for q in quotas if q.label == "one"} == {
        "training": 20, "validation": 10, "testing": 10,
    }  # fmt: skip
    assert {q.missing for q in quotas if q.label == "two" and q.split == "training"} == {5}


counts = st.fixed_dictionaries({split: st.integers(0, 200) for split in SPLITS})


@settings(deadline=None, max_examples=60)
@given(counts, st.integers(1, 300))
def test_a_cap_is_kept_and_shared(counts: dict, cap: int):
    quotas = split_quotas(counts, cap)
    assert all(0 <= quotas[split] <= counts[split] for split in SPLITS)
    if cap >= 3:
        assert sum(quotas.values()) <= cap
        assert all(quotas[split] > 0 for split in ("validation", "testing") if counts[split])
    if sum(counts.values()) <= cap:
        assert quotas == counts


def test_unknown_words_alternate_and_have_as_many_clips_as_a_keyword(make_dataset: Make):
    found = [*clips("one", 9), *clips("cat", 20, 5, 5), *clips("dog", 20, 5, 5), *clips("tree", 2, 1, 0)]
    num_clips = {"training": 30, "validation": 6, "testing": 3}
    quotas = {q.split: q for q in unknown_quotas(found, make_dataset(), num_clips, 1)}
    assert {split: quota.missing for split, quota in quotas.items()} == {
        "training": 10,
        "validation": 2,
        "testing": 1,
    }
    training = [r.word for r in quotas["training"].queue]
    assert Counter(training[:10]) == {"cat": 4, "dog": 4, "tree": 2}
    assert len(training) == 42
    assert all(r.split == "validation" for r in quotas["validation"].queue)


def test_unknown_words_can_be_named(make_dataset: Make):
    found = [*clips("one", 9), *clips("cat", 9), *clips("dog", 9)]
    dataset = make_dataset(unknown_words=("dog",))
    (training, *_) = unknown_quotas(found, dataset, dict.fromkeys(SPLITS, 9), 1)
    assert {r.word for r in training.queue} == {"dog"}
    with pytest.raises(
        KwspipeError, match=r"dataset.unknown_words.0: no recordings of 'dg'.*closest first: dog, cat"
    ):
        unknown_quotas(found, make_dataset(unknown_words=("dg",)), dict.fromkeys(SPLITS, 9), 1)


def test_a_keyword_in_another_case_is_not_an_unknown_word(make_dataset: Make):
    found = [*clips("one", 9), *clips("One", 9), *clips("TWO", 9), *clips("cat", 9)]
    (training, *_) = unknown_quotas(found, make_dataset(), dict.fromkeys(SPLITS, 9), 1)
    assert {r.word for r in training.queue} == {"cat"}


def test_no_other_words_is_an_error_unless_unknown_is_off(make_dataset: Make):
    found = clips("one", 9)
    with pytest.raises(
        KwspipeError, match=r"dataset.unknown_class_percentage: 1, but there are no other words"
    ):
        unknown_quotas(found, make_dataset(), dict.fromkeys(SPLITS, 9), 1)
    assert (
        unknown_quotas(found, make_dataset(unknown_class_percentage=0.0), dict.fromkeys(SPLITS, 9), 1) == []
    )


@pytest.mark.parametrize(
    ("num_clips", "ratio", "expected"),
    [(300, 1.0, 100), (300, 0.2, 20), (300, 2.5, 250), (3, 0.2, 1), (0, 1, 0)],
)
def test_ratios_are_of_the_mean_number_per_keyword(
    make_dataset: Make, num_clips: int, ratio: float, expected: int
):
    dataset = make_dataset(words=("one", "two", "three"))
    assert num_class_clips(dataset, ratio, "training", num_clips) == expected


def test_validation_and_testing_have_a_minimum(make_dataset: Make):
    dataset = make_dataset(words=("one", "two", "three"), min_evaluation_clips=50)
    assert [num_class_clips(dataset, 1.0, split, 30) for split in SPLITS] == [10, 50, 50]
    assert [num_class_clips(dataset, 1.0, split, 0) for split in SPLITS] == [0, 0, 0]


def test_round_robin_empties_every_queue():
    assert list(round_robin([[1, 2, 3], [], [4], [5, 6]])) == [1, 4, 5, 2, 6, 3]  # type: ignore[list-item]


def test_removing_a_recording_keeps_the_order_of_the_others():
    found = clips("cat", 50)
    order = list(Listing.of(found).seeded_order(7))
    assert order != found and order != list(Listing.of(found).seeded_order(8))
    without = [r for r in order if r != found[20]]
    assert list(Listing.of(r for r in found if r != found[20]).seeded_order(7)) == without
