"""Near misses of keywords by spelling and by phonemes."""

import pytest

from kwspipe.dataset.hard_negatives.near_misses import near_misses
from kwspipe.dataset.tts import espeak
from kwspipe.errors import KwspipeError
from support.datasets import make_negatives


def test_by_spelling_the_most_similar_first():
    words = ["tree", "on", "cat", "right", "visual", "One"]
    close = near_misses(words, ["one", "three", "eight"], make_negatives())
    assert list(close) == ["tree", "on", "right"]
    assert close["tree"] == pytest.approx(8 / 9)


def test_words_below_the_threshold_are_not_included():
    assert near_misses(["tree", "on"], ["one", "three"], make_negatives(min_similarity=0.85)).keys() == {
        "tree"
    }
    assert near_misses(["cat"], ["one"], make_negatives()) == {}


@pytest.mark.skipif(not espeak.is_installed(), reason="needs the extra: pip install kwspipe[synthetic]")
def test_homophones_are_not_near_misses():
    config = make_negatives(similarity="phonemes")
    close = near_misses(["too", "won", "do", "tree", "visual"], ["two", "one", "three"], config)
    assert {"too", "won"}.isdisjoint(close)
    assert {"do", "tree"} <= close.keys()


def test_phonemes_require_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(espeak, "is_installed", lambda: False)
    with pytest.raises(KwspipeError) as caught:
        near_misses(["tree"], ["three"], make_negatives(similarity="phonemes"))
    assert str(caught.value) == (
        "dataset.negatives.similarity: phonemes, but espeak-ng is not installed. Allowed: spelling, or phonemes with "
        "the extra synthetic. Next: pip install kwspipe[synthetic], or set dataset.negatives.similarity=spelling"
    )
