"""Hard negatives in a store: their number, recordings and splits."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from kwspipe.audio.pcm import read_pcm
from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.clip_kinds import HARD
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.recordings import Recording
from kwspipe.dataset.sampling import sample_speakers
from kwspipe.dataset.store.clip_store import ClipStore
from support.datasets import RATE_HZ, make_negatives, tone, write

Make = Callable[..., DatasetConfig]
ALL = {f"{kind}_ratio": 1.0 for kind in HARD - {"mined"}}


@pytest.fixture
def chatter(tmp_path: Path) -> str:
    """Keyword-free speech: ten recordings, so that every split has some."""
    for number in range(10):
        write(tmp_path / "chatter" / f"talk{number}{number}{number}.wav", np.tile(tone(150 + 10 * number), 4))
    return str(tmp_path / "chatter")


def rows_of(store: ClipStore, kind: str, split: str | None = None) -> list[int]:
    return [n for n, row in enumerate(store.rows) if row.kind == kind and split in (None, row.split)]


@pytest.fixture
def everything(make_dataset: Make, chatter: str) -> DatasetConfig:
    return make_dataset(
        negatives=make_negatives(**ALL), negative_roots=(chatter,), unknown_class_percentage=1.5
    )


def test_every_kind_has_its_ratio_in_addition_to_the_regular_clips(
    everything: DatasetConfig, make_dataset: Make, frontend: FrontendConfig, out: Path, tmp_path: Path
):
    plain_folder = tmp_path / "plain"
    plain_folder.mkdir()
    plain = prepare(make_dataset(unknown_class_percentage=1.5), frontend, 1, plain_folder)
    summary = prepare(everything, frontend, 1, out)
    num_unknown, num_silent = (plain["counts"][label]["training"] for label in ("_unknown_", "_silence_"))
    hard = summary["hard_negatives"]
    for kind in ("partial", "ending", "several", "babble", "speech"):
        assert hard[kind]["training"] == num_unknown == 12
    assert hard["near_miss"]["training"] == 4  # four of the eight clips of "tree" are regular clips
    for kind in ("colour", "click", "level"):
        assert hard[kind]["training"] == num_silent == 4
    assert {counts[split] for counts in hard.values() for split in ("validation", "testing")} <= {1, 4}
    assert summary["counts"]["_unknown_"]["training"] == 6 * num_unknown + 4
    # The regular clips are the same, so that the metrics are comparable.
    first, second = ClipStore(plain_folder), ClipStore(out)
    for split in ("training", "validation", "testing"):
        numbers = second.select_plain(split)
        assert [first.path(n) for n in first.select(split)] == [second.path(n) for n in numbers]
        assert set(second.select(split)) - set(numbers) == {
            n for n, row in enumerate(second.rows) if row.split == split and row.kind in HARD
        }


def test_no_speaker_and_no_noise_is_in_two_splits(
    everything: DatasetConfig, frontend: FrontendConfig, out: Path
):
    prepare(everything, frontend, 1, out)
    store = ClipStore(out)
    speakers: dict[str, set[str]] = {"training": set(), "validation": set(), "testing": set()}
    for row in store.rows:
        speakers[row.split] |= set(row.speaker.split(" + ")) - {""}
    assert speakers == {
        "training": {f"s{n}" for n in range(8)}, "validation": {"ann", "bob"}, "testing": {"cid", "dan"},
    }  # fmt: skip
    for split in speakers:
        assert {store.rows[n].path.rpartition("@")[0] for n in rows_of(store, "speech", split)} <= set(
            store.negative_paths(split)
        )


def test_only_parts_of_words_are_of_keywords(everything: DatasetConfig, frontend: FrontendConfig, out: Path):
    prepare(everything, frontend, 1, out)
    store = ClipStore(out)
    keywords = {"one", "two", "three"}
    for kind in ("partial", "ending"):
        words = [store.rows[n].word for n in rows_of(store, kind, "training")]
        assert sorted(words) == sorted([*keywords] * 4)  # alternating between the keywords
    for kind in ("several", "babble", "near_miss"):
        assert rows_of(store, kind)
        for number in rows_of(store, kind):
            assert keywords.isdisjoint(store.rows[number].word.split())
    assert all(store.rows[n].label == "_unknown_" for k in ("partial", "babble") for n in rows_of(store, k))
    assert all(store.rows[n].label == "_silence_" for k in ("click", "level") for n in rows_of(store, k))
    assert all(len(store.rows[n].word.split()) >= 2 for n in rows_of(store, "several"))


def test_a_partial_word_is_the_keyword_cut_off(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path
):
    negatives = make_negatives(partial_ratio=0.5, noise_probability=0.0)
    prepare(make_dataset(negatives=negatives), frontend, 1, out)
    store = ClipStore(out)
    for number in rows_of(store, "partial"):
        recorded = read_pcm(corpus / store.path(number), RATE_HZ)
        clip = store.clip(number)
        # The tone lasts from sample 4000 to 10400.
        last = round(4000 + 0.5 * 6400)
        assert np.array_equal(clip[-last:], recorded[:last])
        assert not clip[:-last].any()
        assert store.word_bounds(number) == (clip.size - frontend.sample_length, frontend.sample_length)


def test_they_can_be_for_evaluation_only(make_dataset: Make, frontend: FrontendConfig, out: Path):
    negatives = make_negatives(partial_ratio=0.5, click_ratio=0.5, in_training=False)
    summary = prepare(make_dataset(negatives=negatives), frontend, 1, out)
    assert summary["hard_negatives"] == {
        "click": {"training": 0, "validation": 4, "testing": 4},
        "partial": {"training": 0, "validation": 4, "testing": 4},
    }


def test_near_misses_are_not_regular_clips(make_dataset: Make, frontend: FrontendConfig, out: Path):
    negatives = make_negatives(near_miss_ratio=1.0)
    prepare(make_dataset(negatives=negatives, unknown_class_percentage=0.5), frontend, 1, out)
    store = ClipStore(out)
    paths = [store.path(n) for n in range(len(store.rows)) if store.rows[n].label == "_unknown_"]
    assert len(paths) == len(set(paths))
    assert {store.rows[n].word for n in rows_of(store, "near_miss")} == {"tree"}


def test_the_same_seed_gives_the_same_bytes(
    everything: DatasetConfig, frontend: FrontendConfig, tmp_path: Path
):
    hashes = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        (tmp_path / name).mkdir()
        prepare(everything, frontend, seed, tmp_path / name)
        samples = b"".join(path.read_bytes() for path in sorted((tmp_path / name).glob("clips*.i16")))
        assert samples
        hashes.append(hashlib.sha256(samples).hexdigest())
    assert hashes[0] == hashes[1] != hashes[2]


def test_kinds_without_recordings_are_logged(
    make_dataset: Make, frontend: FrontendConfig, out: Path, caplog: pytest.LogCaptureFixture
):
    negatives = make_negatives(near_miss_ratio=1.0, speech_ratio=1.0, min_similarity=0.99)
    with caplog.at_level(logging.WARNING):
        summary = prepare(make_dataset(negatives=negatives), frontend, 1, out)
    assert "No clips of kind near_miss in training" in caplog.text
    assert summary["hard_negatives"] == {}  # no keyword-free speech is configured


def test_unusable_recordings_are_skipped(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path
):
    for number in range(6):
        (corpus / "one" / f"s{number}_nohash_0.wav").write_bytes(b"RIFF nonsense")
    negatives = make_negatives(partial_ratio=1.0, babble_ratio=1.0)
    summary = prepare(make_dataset(negatives=negatives), frontend, 1, out)
    assert summary["rejected"] == {"unreadable": 6}
    store = ClipStore(out)
    paths = [store.path(n) for n in rows_of(store, "partial", "training")]
    assert len(paths) == 6 and not [p for p in paths if p in {f"one/s{n}_nohash_0.wav" for n in range(6)}]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_part": 0.6}, "min_part must not exceed max_part"),
        ({"min_snr_db": 30.0}, "min_snr_db must not exceed max_snr_db"),
        ({"min_talkers": 9}, "min_talkers must not exceed max_talkers"),
    ],
)
def test_a_minimum_above_its_maximum_is_an_error(values: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        make_negatives(**values)


def clips(speaker: str, count: int) -> list[Recording]:
    return [Recording(f"w{n}/{speaker}", f"w{n}", speaker, "training", None, "") for n in range(count)]


def test_a_sample_has_several_words_per_speaker():
    found = [r for speaker in "abcdefgh" for r in clips(speaker, 6)]
    drawn = sample_speakers(found, 12, 4, "7")
    assert len(drawn) == 12 and len({r.speaker for r in drawn}) == 3
    assert drawn == sample_speakers(reversed(found), 12, 4, "7")
    assert drawn != sample_speakers(found, 12, 4, "8")
    assert len(sample_speakers(found, 100, 4, "7")) == 8 * 4


def test_a_small_sample_is_the_start_of_a_large_one():
    found = [r for number in range(300) for r in clips(f"s{number}", 2)]
    assert sample_speakers(found, 10, 1, "7") == sample_speakers(found, 300, 1, "7")[:10]
