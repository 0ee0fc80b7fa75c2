"""Assignment of splits: one split per speaker, and lists before the hash rule."""

import csv
import hashlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.dataset.recordings import Found, Recording
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.dataset.splits import (
    FOLDS,
    assign_fold,
    assign_splits,
    hash_percent,
    hash_split,
    percent,
    speaker_fold,
    split_speakers,
)
from kwspipe.errors import KwspipeError


def recording(speaker: str, number: int = 0, split: str | None = None) -> Recording:
    return Recording(f"one/{speaker}_nohash_{number}.wav", "one", speaker, split, None, "")  # type: ignore[arg-type]


def test_the_published_rule():
    digest = int(hashlib.sha1(b"0a7c2a8d").hexdigest(), 16)
    assert hash_percent("0a7c2a8d") == pytest.approx(digest % 134217728 / 134217727 * 100)
    assert hash_split("0a7c2a8d", hash_percent("0a7c2a8d") / 100 + 1e-5, 0) == "validation"
    assert hash_split("0a7c2a8d", 0, hash_percent("0a7c2a8d") / 100 + 1e-5) == "testing"
    assert hash_split("0a7c2a8d", 0, hash_percent("0a7c2a8d") / 100 - 1e-5) == "training"


def test_a_fraction_gives_the_decisions_of_the_percentage():
    """Every fraction with up to six decimals is the exact number of percent that earlier releases compared."""
    for hundredths in [*range(10_001), 123_456, 999_999]:
        number = Decimal(hundredths) / (100 if hundredths <= 10_000 else 10_000)
        assert percent(float(number / 100)) == float(number)

    def former_rule(speaker: str, validation: float, testing: float) -> str:
        hashed = hash_percent(speaker)
        return (
            "validation"
            if hashed < validation
            else "testing"
            if hashed < validation + testing
            else "training"
        )

    speakers = [f"speaker {index}" for index in range(500)]
    for validation, testing in [(10.0, 10.0), (25.0, 50.0), (50.0, 29.0), (7.0, 14.0), (0.0, 33.3)]:
        fractions = float(Decimal(str(validation)) / 100), float(Decimal(str(testing)) / 100)
        for speaker in speakers:
            assert hash_split(speaker, *fractions) == former_rule(speaker, validation, testing)


def test_the_published_test_set_follows_the_rule(shared_dir: Path):
    """With 10 % and 10 %, the rule assigns the clips of the published test set of Speech Commands to testing."""
    with (shared_dir / "data" / "manifest.csv").open() as file:
        speakers = [row["speaker"] for row in csv.DictReader(file) if row["source"] == "sc_testset_v002"]
    assert len(speakers) == 2520
    assert {hash_split(speaker, 0.1, 0.1) for speaker in speakers} == {"testing"}


@settings(deadline=None, max_examples=60)
@given(st.sets(st.text(min_size=1), min_size=3, max_size=30), st.floats(0.001, 0.5), st.floats(0.001, 0.49))
def test_no_split_is_empty_with_three_speakers_or_more(speakers: set[str], validation: float, testing: float):
    splits = split_speakers(speakers, validation, testing)
    assert set(splits) == speakers
    assert set(splits.values()) == {"training", "validation", "testing"}


@settings(deadline=None, max_examples=60)
@given(st.sets(st.text(min_size=1), min_size=1, max_size=30))
def test_a_fraction_of_zero_leaves_a_split_empty(speakers: set[str]):
    assert set(split_speakers(speakers, 0, 0).values()) == {"training"}


def test_many_speakers_follow_the_rule_alone():
    speakers = [f"speaker {index}" for index in range(300)]
    splits = split_speakers(speakers, 0.1, 0.1)
    assert all(splits[speaker] == hash_split(speaker, 0.1, 0.1) for speaker in speakers)
    assert 15 < sum(split == "validation" for split in splits.values()) < 45


def test_lists_come_first_and_unlisted_speakers_are_in_training():
    words = (recording("ann", 0, "validation"), recording("bob", 0, "testing"), recording("cid"))
    found = Found(words, (), (), frozenset({"validation", "testing"}))
    assert [r.split for r in assign_splits(found, 0.5, 0.5)] == ["validation", "testing", "training"]


def test_a_split_without_a_list_is_assigned_by_hash():
    words = (recording("ann", 0, "testing"), *(recording(f"s{index}") for index in range(40)))
    splits = {
        r.speaker: r.split for r in assign_splits(Found(words, (), (), frozenset({"testing"})), 0.2, 0.2)
    }
    assert splits["ann"] == "testing"
    others = {speaker: split for speaker, split in splits.items() if speaker != "ann"}
    assert others == {speaker: hash_split(speaker, 0.2, 0) for speaker in others}


def test_a_speaker_in_two_splits_is_an_error():
    words = (recording("ann", 0, "testing"), recording("ann", 1), recording("bob", 0, "validation"))
    with pytest.raises(KwspipeError) as caught:
        assign_splits(Found(words, (), (), frozenset({"testing", "validation"})), 0.1, 0.1)
    assert str(caught.value) == (
        "validation_list.txt, testing_list.txt: 1 speaker(s) in more than one split: 'ann' (one/ann_nohash_0.wav in "
        "testing, one/ann_nohash_1.wav in training). Allowed: every clip of a speaker in one split. Next: list all "
        "clips of a speaker or none, or delete the lists: speakers are then split by hash"
    )


def test_both_file_name_forms_have_the_same_speaker(corpus: Path):
    """The file ann_nohash_0.wav is listed as validation; ann_7.wav is not listed and has the same speaker."""
    (corpus / "cat" / "ann_nohash_0.wav").rename(corpus / "cat" / "ann_7.wav")
    with pytest.raises(KwspipeError, match=r"'ann' \(cat/ann_7.wav in training"):
        assign_splits(FolderSource(corpus).find(), 0.1, 0.1)


def test_five_rounds_test_every_speaker_once():
    names = [f"speaker{number}" for number in range(60)] + ["fsdd-a"]
    found = Found([recording(name, split="training") for name in names], [], [], frozenset())
    rounds = [
        {r.speaker: r.split for r in assign_fold(found, fold, training_only=["fsdd-*"])}
        for fold in range(FOLDS)
    ]
    for name in names[:-1]:
        splits = [splits[name] for splits in rounds]
        assert sorted(splits) == ["testing", "training", "training", "training", "validation"]
    assert [splits["fsdd-a"] for splits in rounds] == ["training"] * FOLDS


def test_the_speakers_of_a_published_test_set_are_in_every_fold():
    names = [f"{number:08x}" for number in range(2000)]
    testing = [name for name in names if hash_split(name, 0.1, 0.1) == "testing"]
    counts = np.bincount([speaker_fold(name) for name in testing], minlength=FOLDS)
    assert len(testing) > 150
    assert counts.min() > 0.6 * len(testing) / FOLDS
