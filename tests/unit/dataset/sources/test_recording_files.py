"""Listing of audio files in folders."""

import shutil
from pathlib import Path

import pytest

from kwspipe.dataset.sources.recording_files import (
    has_recordings,
    list_recordings,
    similar_folder,
    speaker_from_name,
)


@pytest.mark.parametrize(
    ("name", "speaker"),
    [
        ("0a7c2a8d_nohash_0.wav", "0a7c2a8d"),
        ("fsdd-jackson_nohash_12.flac", "fsdd-jackson"),
        ("ann_3.wav", "ann"),
        ("ann_lee_3.wav", "ann_lee"),
        ("ann.wav", "ann"),
        ("v1.2_ann_3.wav", "v1.2_ann"),
        ("höchst 1_2.ogg", "höchst 1"),
        ("_3.wav", "_3"),
    ],
)
def test_the_speaker_is_part_of_the_name(name: str, speaker: str):
    assert speaker_from_name(name) == speaker


def test_noise_is_found_at_any_depth_without_loops(tmp_path: Path, corpus: Path):
    root = tmp_path / "noise"
    (root / "a" / "b").mkdir(parents=True)
    shutil.copy(corpus / "one" / "ann_nohash_0.wav", root / "a" / "b" / "rain-1-A.wav")
    shutil.copy(corpus / "one" / "ann_nohash_0.wav", root / "rain-1-B.WAV")
    (root / "a" / "b" / "round").symlink_to(root)
    found = list_recordings(root, [])
    assert [r.path for r in found] == ["noise/a/b/rain-1-A.wav", "noise/rain-1-B.WAV"]
    assert [r.speaker for r in found] == ["noise/a/b/rain-1", "noise/rain-1"]


def test_the_search_for_a_recording_includes_links(tmp_path: Path, corpus: Path):
    (tmp_path / "linked").mkdir()
    assert not has_recordings(tmp_path / "linked") and not has_recordings(tmp_path / "missing")
    (tmp_path / "linked" / "noise").symlink_to(corpus / "_background_noise_")
    assert has_recordings(tmp_path / "linked")


def test_a_similar_folder_is_suggested_for_a_missing_one_only(tmp_path: Path, corpus: Path):
    assert similar_folder(corpus.with_name("speach")) == f"did you mean '{corpus}'? Otherwise "
    assert similar_folder(corpus) == similar_folder(tmp_path / "other" / "speech") == ""
