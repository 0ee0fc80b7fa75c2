"""Search of recordings in folders with files of any kind."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kwspipe.dataset.recordings import Rejected, SourceUnavailable, listing_hash
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.errors import KwspipeError


def test_words_splits_and_noise_are_found(corpus: Path):
    found = FolderSource(corpus).find()
    assert len(found.words) == 72
    assert {r.word for r in found.words} == {"one", "two", "three", "tree", "cat", "dog"}
    assert {r.speaker for r in found.words if r.split == "testing"} == {"cid", "dan"}
    assert [r.path for r in found.noise] == ["_background_noise_/hiss.wav"]
    assert found.listed == {"validation", "testing"}
    assert [r.path for r in found.words] == sorted(r.path for r in found.words)


def test_the_folder_of_a_phrase_has_a_space_or_an_underscore(corpus: Path):
    (corpus / "cat").rename(corpus / "hey computer")
    (corpus / "dog").rename(corpus / "hey_computer")
    found = [r for r in FolderSource(corpus).find().words if r.word.startswith("hey")]
    assert {r.word for r in found} == {"hey_computer"}
    assert {r.path.partition("/")[0] for r in found} == {"hey computer", "hey_computer"}


def test_split_lists_match_files_with_any_suffix(corpus: Path):
    for path in corpus.glob("*/*.wav"):
        path.rename(path.with_suffix(".flac"))
    (corpus / "testing_list.txt").write_text(
        "\ufeffone\\cid_nohash_0.ogg\r\n./two/cid_nohash_0.wav\r\n\r\n", "utf-8"
    )
    testing = [r.path for r in FolderSource(corpus).find().words if r.split == "testing"]
    assert testing == ["one/cid_nohash_0.flac", "two/cid_nohash_0.flac"]


def test_other_files_are_rejected_with_a_reason(corpus: Path):
    one = corpus / "one"
    (one / "notes.txt").write_text("x")
    (one / ".DS_Store").write_text("x")
    (one / "gone_nohash_0.wav").symlink_to("nowhere.wav")
    (one / "loop_nohash_0.wav").symlink_to("loop_nohash_0.wav")
    (one / "nested").mkdir()
    shutil.copy(one / "ann_nohash_0.wav", one / "nested" / "zoe_nohash_0.wav")
    os.mkfifo(one / "pipe_nohash_0.wav")
    found = FolderSource(corpus).find()
    assert len(found.words) == 72
    assert [(r.path, r.reason) for r in found.rejected] == [
        ("one/gone_nohash_0.wav", "unreadable"),
        ("one/loop_nohash_0.wav", "unreadable"),
        ("one/notes.txt", "not_audio"),
        ("one/pipe_nohash_0.wav", "not_audio"),
    ]


def test_an_unreadable_folder_is_rejected(corpus: Path, forbid: Callable[[str], None]):
    forbid("cat")
    found = FolderSource(corpus).find()
    assert {r.word for r in found.words} == {"one", "two", "three", "tree", "dog"}
    assert found.rejected == (Rejected("cat", "cat", "unreadable", "Permission denied"),)


def test_linked_word_folders_are_followed_and_loops_are_not(corpus: Path):
    (corpus / "cat").rename(corpus.parent / "cats")
    (corpus / "cat").symlink_to(corpus.parent / "cats")
    (corpus / "again").symlink_to("again")
    (corpus / "up").symlink_to("..")
    found = FolderSource(corpus).find()
    assert sum(r.word == "cat" for r in found.words) == 12
    assert len(found.words) == 72


@pytest.mark.parametrize("kind", ["none", "missing", "file", "empty"])
def test_a_source_without_recordings_is_unavailable(tmp_path: Path, kind: str):
    root = tmp_path / kind
    if kind == "file":
        root.write_text("x")
    if kind == "empty":
        (root / "one").mkdir(parents=True)
    with pytest.raises(SourceUnavailable) as caught:
        FolderSource(None if kind == "none" else root).find()
    reasons = {
        "none": "not set",
        "missing": "not a folder",
        "file": "is a file, not a folder",
        "empty": "contains no <word>",
    }
    assert reasons[kind] in str(caught.value)


def test_a_clip_in_both_lists_is_an_error(corpus: Path):
    with (corpus / "testing_list.txt").open("a") as file:
        file.write("one/ann_nohash_0.wav\n")
    with pytest.raises(KwspipeError, match=r"1 clip\(s\) are in both .*: one/ann_nohash_0"):
        FolderSource(corpus).find()


def test_an_undecodable_list_is_an_error(corpus: Path):
    (corpus / "testing_list.txt").write_bytes(b"\xff\xfe\x00one")
    with pytest.raises(
        KwspipeError, match=r"testing_list.txt: it cannot be read .* Next: correct it or delete it"
    ):
        FolderSource(corpus).find()


def test_names_are_normalized(corpus: Path):
    source = corpus / "one" / "ann_nohash_0.wav"
    (corpus / "grün").mkdir()
    (corpus / "gru\u0308n").mkdir()  # the same word, decomposed
    shutil.copy(source, corpus / "grün" / "with space_nohash_0.wav")
    shutil.copy(source, os.fsencode(corpus / "gru\u0308n") + b"/\xff_nohash_0.wav")
    found = [r for r in FolderSource(corpus).find().words if r.word == "grün"]
    assert [r.speaker for r in found] == ["\\xff", "with space"]
    assert all(Path(r.origin).exists() for r in found)
    listing_hash(found)


def test_the_hash_with_times_changes_with_a_replaced_file(corpus: Path):
    before = FolderSource(corpus).find().words
    os.utime(corpus / "one" / "ann_nohash_0.wav", ns=(1, 1))
    after = FolderSource(corpus).find().words
    assert listing_hash(before) == listing_hash(after)
    assert listing_hash(before, with_times=True) != listing_hash(after, with_times=True)
