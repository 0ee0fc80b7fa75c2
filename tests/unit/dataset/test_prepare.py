"""Preparation of a store from folders of recordings."""

import csv
import hashlib
import json
import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwspipe.audio.pcm import read_pcm
from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.sources.source_factory import input_hashes
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from support.datasets import RATE_HZ, tone, write
from support.default_settings import FRONTEND

Make = Callable[..., DatasetConfig]


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_word_longer_than_the_input_of_the_network_is_named(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path, capsys: pytest.CaptureFixture[str]
):
    for path in (corpus / "two").iterdir():
        write(path, np.tile(tone(300, 0.75)[4000:], 2))
    (corpus / "two").rename(corpus / "hey computer")
    for path in corpus.glob("*_list.txt"):
        path.write_text(path.read_text().replace("two/", "hey computer/"))
    prepare(make_dataset(words=("one", "hey_computer")), frontend, 1, out)
    text = " ".join(capsys.readouterr().err.split())
    assert "hey_computer: 12 of 12 clips are longer than the input of the network" in text
    assert "Set frontend.sample_length_ms=1500, or use a shorter phrase" in text and "one:" not in text


def test_the_store_has_the_samples_of_the_recordings(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path
):
    summary = prepare(make_dataset(), frontend, 1, out)
    store = ClipStore(out)
    assert store.labels == ("one", "two", "three", "_unknown_", "_silence_")
    assert summary["counts"] == {
        "one": {"training": 8, "validation": 2, "testing": 2},
        "two": {"training": 8, "validation": 2, "testing": 2},
        "three": {"training": 8, "validation": 2, "testing": 2},
        "_unknown_": {"training": 8, "validation": 2, "testing": 2},
        "_silence_": {"training": 4, "validation": 1, "testing": 1},
    }
    assert (summary["source_used"], summary["synthetic"]) == ("folder", False)
    for number in np.flatnonzero(store.targets < 4):
        expected = read_pcm(corpus / store.path(int(number)), RATE_HZ)
        assert np.array_equal(store.clip(number), expected)
        start, end = store.word_bounds(number)
        assert (start, end) == (4000 - 800, 10400 + 800)


def test_splits_have_different_clips_and_noise(make_dataset: Make, frontend: FrontendConfig, out: Path):
    prepare(make_dataset(), frontend, 1, out)
    store = ClipStore(out)
    speakers: dict[str, set[str]] = {}
    for row in store.rows:
        if row.speaker:
            speakers.setdefault(row.split, set()).add(row.speaker)
    assert speakers == {
        "training": {f"s{n}" for n in range(8)},
        "validation": {"ann", "bob"},
        "testing": {"cid", "dan"},
    }
    selected = [store.select(split) for split in ("training", "validation", "testing")]
    assert sorted(np.concatenate(selected).tolist()) == list(range(len(store.rows)))
    noise = {split: np.concatenate(store.noise(split)) for split in ("training", "validation", "testing")}
    assert {split: len(samples) for split, samples in noise.items()} == {
        "training": 48 * RATE_HZ, "validation": 6 * RATE_HZ, "testing": 6 * RATE_HZ,
    }  # fmt: skip


def test_silence_is_noise_of_its_split_or_digital_zero(
    make_dataset: Make, frontend: FrontendConfig, out: Path
):
    prepare(make_dataset(silence_class_ratio=2.0), frontend, 1, out)
    store = ClipStore(out)
    for split in ("training", "validation", "testing"):
        silent = [n for n in store.select(split) if store.rows[n].label == "_silence_"]
        zero = [n for n in silent if not store.clip(n).any()]
        assert len(zero) == round(len(silent) * 0.25)
        noise = np.concatenate(store.noise(split)).tobytes()
        for number in set(silent) - set(zero):
            assert store.clip(number).size == frontend.sample_length
            assert store.clip(number).tobytes() in noise


def test_the_same_settings_give_the_same_bytes(
    make_dataset: Make, frontend: FrontendConfig, out: Path, tmp_path: Path
):
    def hashes(seed: int, name: str) -> dict[str, str]:
        folder = tmp_path / name
        folder.mkdir()
        prepare(make_dataset(max_clips_per_word=8), frontend, seed, folder)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}

    first, again, other = hashes(1, "a"), hashes(1, "b"), hashes(2, "c")
    assert len(first) == 9
    assert first == again
    assert first["clips-00000.i16"] != other["clips-00000.i16"]


def test_unusable_recordings_are_listed_counted_and_replaced(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path
):
    one = corpus / "one"
    write(one / "s0_nohash_0.wav", tone()[:1000])
    write(one / "s1_nohash_0.wav", tone(peak=0.001))
    (one / "s2_nohash_0.wav").write_bytes(b"")
    (one / "s3_nohash_0.wav").write_bytes(b"RIFF nonsense")
    write(one / "s4_nohash_0.wav", np.full(RATE_HZ, np.nan), subtype="FLOAT")
    write(corpus / "cat" / "s0_nohash_0.wav", np.zeros(RATE_HZ))
    (corpus / "_background_noise_" / "bad.wav").write_bytes(b"x")
    write(corpus / "_background_noise_" / "zero.wav", np.zeros(60 * RATE_HZ))
    dataset = make_dataset(unknown_words=("cat", "dog"), unknown_class_percentage=2.4)
    summary = prepare(dataset, frontend, 1, out)
    assert summary["counts"]["one"]["training"] == 3
    # 2.4 times the mean of 3, 8 and 8 keyword clips. One of the 16 other clips is silent and was replaced.
    assert summary["counts"]["_unknown_"]["training"] == 15
    assert summary["rejected"] == {"empty": 1, "not_finite": 1, "silent": 3, "too_short": 1, "unreadable": 2}
    rejected = {row["path"]: (row["word"], row["reason"], row["detail"]) for row in table(out, "rejected")}
    assert rejected["one/s0_nohash_0.wav"] == ("one", "too_short", "62 ms")
    assert rejected["one/s1_nohash_0.wav"] == ("one", "silent", "a peak of -60.0 dB")
    assert rejected["_background_noise_/zero.wav"] == ("", "silent", "nothing but digital zero")
    assert len(rejected) == 8


def test_a_word_with_no_usable_clip_in_training_is_an_error(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path
):
    for number in range(8):
        write(corpus / "two" / f"s{number}_nohash_0.wav", np.zeros(RATE_HZ))
    with pytest.raises(KwspipeError) as caught:
        prepare(make_dataset(), frontend, 1, out)
    assert str(caught.value) == (
        "dataset.words.1: no usable clip of 'two' in training (of 12 recordings; rejected: 8 silent; first of them "
        "two/s0_nohash_0.wav: a peak of -inf dB). Allowed: at least one; words with recordings in training, "
        "closest first: cat, dog, one, tree, three. Next: correct the files, add recordings of 'two' by more speakers, "
        "or remove the word"
    )


def test_one_speaker_alone_is_an_error(make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path):
    for path in [*corpus.glob("*/*_nohash_*"), *corpus.glob("*_list.txt")]:
        if not path.name.startswith("ann"):
            path.unlink()
    with pytest.raises(
        KwspipeError, match=r"no usable clip of a keyword in validation; 1 speaker\(s\) in all"
    ):
        prepare(make_dataset(), frontend, 1, out)


def test_three_speakers_are_enough(make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path):
    for path in [*corpus.glob("*/*_nohash_*"), *corpus.glob("*_list.txt")]:
        if not path.name.startswith(("ann", "bob", "cid")):
            path.unlink()
    summary = prepare(make_dataset(), frontend, 1, out)
    assert summary["speakers"] == {"training": 1, "validation": 1, "testing": 1}


def test_no_source_is_one_error_with_every_reason(make_dataset: Make, frontend: FrontendConfig, out: Path):
    with pytest.raises(KwspipeError) as caught:
        prepare(make_dataset(root="/nowhere"), frontend, 1, out)
    assert str(caught.value).startswith(
        "dataset.root: '/nowhere' is not a folder. Allowed: a folder with recordings"
    )
    mswc = make_dataset(root="/nowhere", sources=("folder", "mswc"))
    mswc = replace(mswc, mswc=replace(mswc.mswc, download=False))
    with pytest.raises(KwspipeError) as caught:
        prepare(mswc, frontend, 1, out)
    assert "no source has recordings (folder: dataset.root '/nowhere' is not a folder; mswc: " in str(
        caught.value
    )
    assert "; or dataset=mswc or dataset.mswc.download=true downloads it" in str(caught.value)


@pytest.mark.parametrize("limit_bytes", [1000, 100_000])
def test_a_full_disk_is_an_error(make_dataset: Make, frontend: FrontendConfig, out: Path, limit_bytes: int):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limits[1]))
    try:
        with pytest.raises(KwspipeError) as caught:
            prepare(make_dataset(), frontend, 1, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"{out}: it cannot be written (File too large)" in str(caught.value)
    assert "free some space, or set run_dir to another disk" in str(caught.value)


def test_input_hashes_depend_on_names_and_times(make_dataset: Make, corpus: Path):
    before = input_hashes(make_dataset(), FRONTEND, 1)
    assert before == input_hashes(make_dataset(), FRONTEND, 1)
    write(corpus / "one" / "new_nohash_0.wav", tone())
    assert input_hashes(make_dataset(), FRONTEND, 1)["folder"] != before["folder"]
    assert input_hashes(make_dataset(root=None), FRONTEND, 1)["folder"] == "not there"


def test_synthetic_speech_has_no_input_hash(make_dataset: Make):
    both = input_hashes(make_dataset(sources=("folder", "synthetic")), FRONTEND, 1)
    assert both == input_hashes(make_dataset(), FRONTEND, 1)


def test_an_incomplete_store_is_an_error(make_dataset: Make, frontend: FrontendConfig, out: Path):
    prepare(make_dataset(), frontend, 1, out)
    with (out / "clips-00000.i16").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(
        KwspipeError,
        match=r"clips-\*.i16: 1000 bytes in 1 file\(s\) instead of \d+.*run the stage prepare again",
    ):
        ClipStore(out)
    (out / "summary.json").unlink()
    with pytest.raises(KwspipeError, match="a store that prepare wrote"):
        ClipStore(out)


def test_real_recordings(make_dataset: Make, frontend: FrontendConfig, shared_dir: Path, out: Path):
    data = shared_dir / "data"
    words = ("one", "two", "three")
    dataset = make_dataset(words=words, root=str(data / "speech"), noise_roots=(str(data / "noise"),))
    summary = prepare(dataset, frontend, 42, out)
    store = ClipStore(out)
    # The split of each clip is that of the lists. Every FLAC and Opus file of the manifest is used.
    lists = {
        split: (data / "speech" / f"{split}_list.txt").read_text() for split in ("validation", "testing")
    }
    listed = {line.rpartition(".")[0]: split for split, text in lists.items() for line in text.splitlines()}
    for row in store.rows:
        if row.speaker:
            assert row.split == listed.get(row.path.rpartition(".")[0], "training")
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        clips = [row for row in csv.DictReader(file) if row["kind"] == "words"]
    assert {Path(clip["path"]).suffix for clip in clips} == {".flac", ".opus"}
    expected = Counter((clip["label"], clip["split"]) for clip in clips)
    for word in words:
        counts = summary["counts"][word]
        assert counts == {split: expected[word, split] for split in counts}
        paths = {row.path for row in store.rows if row.label == word}
        assert paths == {f"{word}/{Path(clip['path']).name}" for clip in clips if clip["label"] == word}
    assert summary["rejected"] == {}
    # Other words alternate, so that a word has fewer clips than another only if it has no more recordings.
    unknown = Counter(row.word for row in store.rows if row.label == "_unknown_" and row.split == "training")
    assert set(unknown) == {word for word, split in expected if split == "training"} - set(words)
    assert all(
        count in (max(unknown.values()) - 1, max(unknown.values()), expected[word, "training"])
        for word, count in unknown.items()
    )
    assert json.loads((out / "summary.json").read_text()) == summary
