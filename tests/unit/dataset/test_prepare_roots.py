"""Preparation of noise, keyword-free speech and mined clips from their root folders."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.sources.root_folders import negative_recordings
from kwspipe.dataset.sources.source_factory import input_hashes
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from support.datasets import RATE_HZ, write
from support.default_settings import FRONTEND

Make = Callable[..., DatasetConfig]


def test_no_noise_is_an_error_unless_silence_is_off(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path, tmp_path: Path
):
    shutil.rmtree(corpus / "_background_noise_")
    with pytest.raises(KwspipeError, match="no usable background noise, which is required for _silence_"):
        prepare(make_dataset(), frontend, 1, out)
    summary = prepare(make_dataset(silence_class_ratio=0.0), frontend, 1, out)
    assert "_silence_" not in summary["labels"]
    assert ClipStore(out).noise("training") == []
    write(
        tmp_path / "rain" / "deep" / "roof.flac", np.random.default_rng(0).normal(0, 0.1, 20 * RATE_HZ), 8000
    )
    summary = prepare(make_dataset(noise_roots=(str(tmp_path / "rain"),)), frontend, 1, out)
    assert summary["noise_s"] == {"training": 32.0, "validation": 4.0, "testing": 4.0}


def test_a_missing_noise_root_is_an_error(make_dataset: Make, frontend: FrontendConfig, out: Path):
    with pytest.raises(KwspipeError, match=r"dataset.noise_roots.0: '/nowhere/noise', which is not a folder"):
        prepare(make_dataset(noise_roots=("/nowhere/noise",)), frontend, 1, out)


def test_negative_recordings_are_undivided_and_in_one_split(
    make_dataset: Make, frontend: FrontendConfig, out: Path, tmp_path: Path
):
    root = tmp_path / "talk"
    lengths = {f"{number:02}-{take}.wav": 1.0 + number / 10 for number in range(20) for take in "ab"}
    for name, length_s in lengths.items():
        noise = np.random.default_rng(0).normal(0, 0.1, int(length_s * RATE_HZ))
        write(root / "deep" / name, noise)
    write(root / "zero.wav", np.zeros(RATE_HZ))
    dataset = make_dataset(negative_roots=(str(root),))
    summary = prepare(dataset, frontend, 1, out)
    store = ClipStore(out)
    assert summary["rejected"] == {"silent": 1}
    found: dict[str, str] = {}
    for split in ("training", "validation", "testing"):
        segments, paths = store.negative(split), store.negative_paths(split)
        assert (
            segments and summary["negative_s"][split] == sum(segment.size for segment in segments) / RATE_HZ
        )
        for segment, path in zip(segments, paths, strict=True):
            assert segment.dtype == np.int16 and segment.size == int(lengths[Path(path).name] * RATE_HZ)
            found[path] = split
    assert sorted(found) == sorted(f"talk/deep/{name}" for name in lengths)
    for path, split in found.items():
        assert found[path.replace("-a", "-b")] == split  # parts of one recording
    counts = Counter(found.values())
    assert counts["testing"] > counts["validation"]
    hashes = input_hashes(dataset, FRONTEND, 1)
    (root / "zero.wav").unlink()
    assert {key for key, value in input_hashes(dataset, FRONTEND, 1).items() if value != hashes[key]} == {
        "negative_roots"
    }


def test_recordings_with_a_keyword_in_their_transcript_are_omitted(
    make_dataset: Make, frontend: FrontendConfig, out: Path, tmp_path: Path
):
    root = tmp_path / "talk"
    names = [f"{speaker}-7-{number:04}" for speaker in range(100, 112) for number in range(3)]
    for name in names:
        write(root / f"{name}.wav", np.random.default_rng(0).normal(0, 0.1, 2 * RATE_HZ))
    write(root / "without_transcript.wav", np.random.default_rng(0).normal(0, 0.1, 2 * RATE_HZ))
    # The keywords are one and two. "too" is a homophone of two.
    words = {0: "it is Too late", 1: "no keyword here", 2: "that's one"}
    lines = [f"{name}.wav {words[int(name[-1])]}" for name in names]
    (root / "transcripts.txt").write_text("\n".join(lines))
    dataset = make_dataset(negative_roots=(str(root),))
    summary = prepare(dataset, frontend, 1, out)
    assert summary["rejected"] == {"contains_keyword": 24}
    store = ClipStore(out)
    paths = [path for split in ("training", "validation", "testing") for path in store.negative_paths(split)]
    assert sorted(paths) == sorted(
        f"talk/{name}.wav" for name in [*(n for n in names if n.endswith("1")), "without_transcript"]
    )
    hashes = input_hashes(dataset, frontend, 1)
    (root / "transcripts.txt").write_text("\n".join(lines[:-1]))  # the last one contained "one"
    assert input_hashes(dataset, frontend, 1) != hashes


def test_recordings_of_a_speaker_of_a_known_corpus_are_in_one_split(make_dataset: Make, tmp_path: Path):
    root = tmp_path / "talk"
    for speaker in range(100, 130):
        for number in range(3):
            write(root / f"{speaker}-{number}-{number:04}.wav", np.ones(RATE_HZ))
    recordings, _ = negative_recordings(make_dataset(negative_roots=(str(root),)))
    splits = {
        recording.speaker: {r.split for r in recordings if r.speaker == recording.speaker}
        for recording in recordings
    }
    assert len(splits) == 30 and all(len(of_speaker) == 1 for of_speaker in splits.values())


def test_keyword_free_speech_without_a_usable_recording_is_an_error(make_dataset: Make, tmp_path: Path):
    write(tmp_path / "talk" / "a.wav", np.ones(RATE_HZ))
    (tmp_path / "talk" / "transcripts.txt").write_text("a.wav one")
    dataset = make_dataset(negative_roots=(str(tmp_path / "talk"),))
    with pytest.raises(
        KwspipeError, match=r"1 recording\(s\), each with a keyword or a homophone in its transcript"
    ):
        negative_recordings(dataset)
    assert len(negative_recordings(replace(dataset, omitted_keywords="passages"))[0]) == 1


def test_mined_clips_are_unknown_words_of_training(
    make_dataset: Make, frontend: FrontendConfig, out: Path, tmp_path: Path
):
    noise = np.random.default_rng(0).normal(0, 0.1, int(1.6 * RATE_HZ))
    for label in ("one", "two"):
        write(tmp_path / "clips" / label / "000001.wav", noise)
    dataset = make_dataset(mined_roots=(str(tmp_path / "clips"),))
    before = prepare(make_dataset(), frontend, 1, out)
    summary = prepare(dataset, frontend, 1, out)
    store = ClipStore(out)
    mined = [number for number, row in enumerate(store.rows) if row.kind == "mined"]
    assert [store.path(number) for number in mined] == ["clips/one/000001.wav", "clips/two/000001.wav"]
    for number in mined:
        row = store.rows[number]
        assert (row.label, row.split, row.length) == ("_unknown_", "training", int(1.6 * RATE_HZ))
        # Any window of a clip's length may be cut. The bounds are the samples in all windows.
        assert store.word_bounds(number) == (int(0.4 * RATE_HZ), int(1.2 * RATE_HZ))
    num_added = summary["counts"]["_unknown_"]["training"] - before["counts"]["_unknown_"]["training"]
    assert num_added == 2
    assert summary["counts"]["_unknown_"]["testing"] == before["counts"]["_unknown_"]["testing"]
    assert (
        input_hashes(dataset, FRONTEND, 1)["mined_roots"]
        != input_hashes(make_dataset(), FRONTEND, 1)["mined_roots"]
    )
    with pytest.raises(KwspipeError, match=r"dataset.mined_roots.0: '/nowhere', which is not a folder"):
        prepare(make_dataset(mined_roots=("/nowhere",)), frontend, 1, out)


def test_without_negative_roots_there_is_no_negative_speech(
    make_dataset: Make, frontend: FrontendConfig, out: Path
):
    summary = prepare(make_dataset(), frontend, 1, out)
    assert summary["negative_s"] == {"training": 0.0, "validation": 0.0, "testing": 0.0}
    assert ClipStore(out).negative("testing") == []


def test_faulty_negative_settings_are_errors(make_dataset: Make, frontend: FrontendConfig, out: Path):
    with pytest.raises(
        KwspipeError,
        match=r"dataset.negative_roots.0: '/nowhere', which is not a folder. Allowed: a folder of speech",
    ):
        prepare(make_dataset(negative_roots=("/nowhere",)), frontend, 1, out)
    with pytest.raises(ValueError, match=r"is 1\.1; at most 1"):
        make_dataset(negative_validation_fraction=0.6)
