"""Requirements of a data set that are checked before the first stage."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kwspipe.config import DatasetConfig
from kwspipe.dataset.requirements import dataset_errors
from kwspipe.dataset.tts import espeak, kokoro
from support.default_settings import FRONTEND

Make = Callable[..., DatasetConfig]


def errors(dataset: DatasetConfig) -> list[str]:
    return [str(error) for error in dataset_errors(dataset, FRONTEND, 1)]


def keep_speakers(corpus: Path, *speakers: str) -> None:
    for path in [*corpus.glob("*/*_nohash_*"), *corpus.glob("*_list.txt")]:
        if not path.name.startswith(speakers):
            path.unlink()


def test_complete_data_has_no_errors(make_dataset: Make) -> None:
    assert errors(make_dataset()) == []


def test_no_recording_is_decoded(make_dataset: Make, corpus: Path) -> None:
    for path in corpus.glob("*/*.wav"):
        path.write_bytes(b"")
    assert errors(make_dataset()) == []


def test_all_missing_items_have_their_error(make_dataset: Make, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    dataset = make_dataset(
        words=("one", "two", "one"),
        root=str(tmp_path / "speach"),
        noise_roots=(str(tmp_path / "speech"), str(tmp_path / "bad")),
        negative_roots=("/nowhere",),
        mined_roots=(str(tmp_path / "bda"),),
        bad_files=("/nowhere.txt",),
    )
    found = errors(dataset)
    assert [text.partition(":")[0] for text in found] == [
        "dataset.words.2",
        "dataset.noise_roots.1",
        "dataset.negative_roots.0",
        "dataset.mined_roots.0",
        "dataset.bad_files.0 (/nowhere.txt)",
        "dataset.root",
    ]
    assert "a folder without recordings" in found[1]
    assert "'/nowhere', which is not a folder" in found[2]
    assert found[3].endswith(f"Next: did you mean '{tmp_path / 'bad'}'? Otherwise correct or remove it")
    assert f"did you mean '{tmp_path / 'speech'}'? Otherwise set dataset.root to a folder" in found[5]


def test_missing_word_folders_are_named_with_the_most_similar_ones(make_dataset: Make, corpus: Path) -> None:
    (corpus / "bird").mkdir()
    (corpus / "bird" / "notes.txt").write_text("x")
    found = errors(make_dataset(words=("one", "twoo", "bird", "Three"), unknown_words=("dgo",)))
    assert [text.partition(":")[0] for text in found] == [
        *(f"dataset.words.{index}" for index in (1, 2, 3)),
        "dataset.unknown_words.0",
    ]
    assert found[0] == (
        f"dataset.words.1: no recordings of 'twoo' in {corpus}, which has no folder of this name. Allowed: words with "
        "recordings, closest first: two, cat, dog, one, tree, three. Next: did you mean 'two'? Otherwise correct the "
        "word, or add a folder of recordings named 'twoo'"
    )
    assert f"no recordings of 'bird' in {corpus / 'bird'}, a folder without recordings" in found[1]
    assert "did you mean" not in found[1]
    assert "did you mean 'three'?" in found[2]
    assert "did you mean 'dog'?" in found[3]


def test_recordings_without_folders_of_words_are_named(
    make_dataset: Make, tmp_path: Path, corpus: Path
) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(corpus / "one" / "ann_nohash_0.wav", flat / "one_0.wav")
    (text,) = errors(make_dataset(root=str(flat)))
    assert text.startswith(
        f"dataset.root: '{flat}' contains 1 recording(s), but no folders of words. Allowed: "
    )
    (text,) = errors(make_dataset(root=str(flat / "one_0.wav")))
    assert "is a file, not a folder" in text


def test_too_few_speakers_are_an_error(make_dataset: Make, corpus: Path) -> None:
    keep_speakers(corpus, "ann", "bob", "cid")
    assert errors(make_dataset()) == []
    keep_speakers(corpus, "ann")
    (text,) = errors(make_dataset())
    assert text == (
        "dataset.words: no recording of a keyword in validation and testing; the keywords are spoken by 1 speaker(s) "
        "(ann). Allowed: at least three speakers, because each speaker belongs to one split. Next: add recordings by "
        "other speakers, or correct the names of the files: the speaker is the part of the file name before _nohash_ "
        "or before the last _"
    )


def test_a_word_without_recordings_in_training_is_an_error(make_dataset: Make, corpus: Path) -> None:
    for path in (corpus / "two").iterdir():
        if not path.name.startswith("ann"):  # in validation_list.txt
            path.unlink()
    (text,) = errors(make_dataset())
    assert text.startswith(
        "dataset.words.1: 'two' has no recordings in training: its 1 recording(s) are by 1 speaker(s) (ann), assigned "
        "to validation."
    )


def test_missing_noise_and_other_words_are_errors(make_dataset: Make, corpus: Path) -> None:
    shutil.rmtree(corpus / "_background_noise_")
    for word in ("tree", "cat", "dog"):
        shutil.rmtree(corpus / word)
    found = errors(make_dataset())
    assert [text.partition(":")[0] for text in found] == [
        "dataset.unknown_class_percentage",
        "dataset.noise_roots",
    ]
    assert f"{corpus} has no recordings in _background_noise_" in found[1]
    assert errors(make_dataset(unknown_class_percentage=0.0, silence_class_ratio=0.0)) == []


def test_faulty_split_lists_are_an_error(make_dataset: Make, corpus: Path) -> None:
    with (corpus / "testing_list.txt").open("a") as file:
        file.write("one/ann_nohash_0.wav\n")
    (text,) = errors(make_dataset())
    assert "are in both validation_list.txt and testing_list.txt" in text


def test_missing_packages_are_errors(make_dataset: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "is_installed", lambda: False)
    monkeypatch.setattr(kokoro, "is_installed", lambda: False)
    dataset = make_dataset(synthetic_training_clips_per_word=5)
    negatives = replace(dataset.negatives, similarity="phonemes", near_miss_ratio=0.1)
    speech = replace(dataset.synthetic, engines=("espeak", "kokoro"))
    found = errors(replace(dataset, negatives=negatives, synthetic=speech))
    assert [text.partition(":")[0] for text in found] == [
        "dataset.synthetic_training_clips_per_word",
        "dataset.synthetic.engines",
        "dataset.negatives.similarity",
    ]
    (text,) = errors(make_dataset(sources=("synthetic",)))
    assert text.startswith("dataset.synthetic: espeak-ng is not installed.")
    assert errors(make_dataset(sources=("folder", "synthetic"))) == []  # the recordings are used


def test_a_download_that_is_not_allowed_is_an_error(make_dataset: Make) -> None:
    dataset = make_dataset(sources=("mswc",))
    (text,) = errors(replace(dataset, mswc=replace(dataset.mswc, download=False)))
    assert text.startswith("dataset.mswc: Multilingual Spoken Words, en is not in ")
    assert text.endswith("Next: dataset=mswc or dataset.mswc.download=true downloads it")
    (text,) = errors(replace(dataset, mswc=replace(dataset.mswc, download=True)))
    assert (
        "no background noise, which is required for _silence_; the Multilingual Spoken Words Corpus has"
        in text
    )
