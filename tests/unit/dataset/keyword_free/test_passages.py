"""Keyword-free parts of recordings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwspipe.dataset.keyword_free.passages import Transcribed, keyword_free_parts, parts_between
from kwspipe.dataset.keyword_free.transcripts import KeywordFinder

passages = st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 300)), max_size=6).map(
    lambda pairs: sorted((first, min(first + length, 1000)) for first, length in pairs if first < 1000)
)


@given(passages, st.integers(1, 200), st.integers(0, 50))
def test_parts_contain_no_sample_of_a_passage_or_its_margin(
    omitted: list[tuple[int, int]], min_length: int, margin: int
):
    allowed = np.ones(1000, bool)
    for first, end in omitted:
        allowed[max(first - margin, 0) : end + margin] = False
    covered = np.zeros(1000, bool)
    for start, end in parts_between(1000, omitted, min_length, margin):
        assert end - start >= min_length and allowed[start:end].all()
        covered[start:end] = True
    # Samples that are allowed and not covered belong to runs that are too short.
    edges = np.flatnonzero(np.diff(np.concatenate([[False], allowed & ~covered, [False]]).astype(int)))
    assert all(end - start < min_length for start, end in edges.reshape(-1, 2))


@pytest.fixture
def sentence() -> Transcribed:
    """A synthetic sentence with the keyword "left" in its second half and a word that is not in the dictionary."""
    pytest.importorskip("pocketsphinx", reason="needs the extra alignment")
    pytest.importorskip("espeakng_loader", reason="needs the extra synthetic")
    from kwspipe.dataset.tts.espeak import Utterance, synthesize

    text = "the old zorbulax had a long conversation with my brother and then it left the house again"
    return Transcribed(synthesize(Utterance(text, "gmw/en-US+f3", 150, 50), 16000), tuple(text.split()))


def test_the_passage_of_a_keyword_is_omitted(sentence: Transcribed):
    finder = KeywordFinder(("left",))
    first, second = keyword_free_parts([sentence, sentence], finder)
    assert first == second and first is not None
    assert first[0][0] == 0 and 0.5 < first[0][1] / sentence.pcm.size < 0.85
    assert all(end - start >= 1.5 * 16000 for start, end in first)


def test_a_recording_that_does_not_match_its_transcript_has_no_parts(sentence: Transcribed):
    too_short = Transcribed(sentence.pcm[:1600], sentence.words)
    assert list(keyword_free_parts([too_short], KeywordFinder(("left",)))) == [None]
