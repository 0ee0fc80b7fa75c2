"""Transcripts, homophones and speakers of recordings of running speech."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwspipe.dataset.keyword_free.homophones import homophones
from kwspipe.dataset.keyword_free.speaker_names import speaker_in_name
from kwspipe.dataset.keyword_free.transcripts import KeywordFinder, normalize_word, read_transcripts
from kwspipe.errors import KwspipeError


@pytest.mark.parametrize(
    ("stem", "speaker"),
    [
        ("0a7c2a8d_nohash_3", "0a7c2a8d"),
        ("1088-134315-0003", "1088"),
        ("p225_001", "p225"),
        ("an104-mrcb-b", "mrcb"),
        ("cen1-fash-b", "fash"),
        ("morning_radio", None),
        ("12-34", None),
        ("00aa-b", None),
    ],
)
def test_the_speaker_is_read_from_names_of_known_corpora(stem: str, speaker: str | None):
    assert speaker_in_name(stem) == speaker


def test_transcripts_are_read_by_name_without_extension(tmp_path: Path):
    (tmp_path / "transcripts.txt").write_text(
        "a.opus Turn LEFT, please\n\nb.1 it's the dog\u2019s\nc\n", "utf-8"
    )
    assert read_transcripts(tmp_path) == {
        "a": ("turn", "left", "please"),
        "b.1": ("it", "the", "dog"),
        "c": (),
    }
    assert read_transcripts(tmp_path / "empty") == {}


def test_a_faulty_transcript_names_the_line_or_the_byte(tmp_path: Path):
    file = tmp_path / "transcripts.txt"
    file.write_text("a.wav one\na.flac two\n")
    with pytest.raises(KwspipeError, match=r"transcripts.txt, line 2: a second transcript of 'a.flac'"):
        read_transcripts(tmp_path)
    file.write_bytes(b"a.wav caf\xe9\n")
    with pytest.raises(KwspipeError, match="byte 9 is not UTF-8"):
        read_transcripts(tmp_path)


def test_homophones_are_symmetric_and_contain_the_word():
    assert homophones("two") == {"to", "too", "two"}
    assert homophones("to") == homophones("two")
    assert homophones("computer") == {"computer"}
    assert homophones("read") == {"read", "reed", "red"}  # two pronunciations


def test_keywords_and_phrases_are_found_with_their_homophones():
    finder = KeywordFinder(("two", "hey_computer"))
    words = tuple(map(normalize_word, ["I", "went", "to", "the", "Computer,", "hay", "computer's", "here"]))
    assert finder.find(words) == [(2, 3), (5, 7)]
    assert finder.find(()) == []


@given(st.lists(st.sampled_from(["go", "left", "write", "right", "and", "then"]), max_size=12))
def test_each_occurrence_of_a_keyword_is_found_once(words: list[str]):
    found = KeywordFinder(("go", "right")).find(tuple(words))
    expected = [(n, n + 1) for n, word in enumerate(words) if word in ("go", "right", "write")]
    assert found == expected
