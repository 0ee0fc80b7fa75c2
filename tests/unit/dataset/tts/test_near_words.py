"""Words that sound similar to a keyword, without homophones and words that contain a keyword."""

import pytest

from kwspipe.dataset.tts import espeak
from kwspipe.dataset.tts.near_words import common_words, near_words, phonetic_distance, split_phonemes

needs_espeak = pytest.mark.skipif(
    not espeak.is_installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)
VOICE = "gmw/en-US"


def test_the_vocabulary_is_sorted_without_duplicates():
    words = common_words()
    assert len(words) > 1500
    assert list(words) == sorted(set(words))
    assert all(word.isalpha() and word.islower() for word in words)


def test_joined_letters_are_one_phoneme():
    assert split_phonemes("t^ʃˈɔ^ɪs") == ("t^ʃ", "ɔ^ɪ", "s")
    assert split_phonemes("kəmpjˈuːɾɚ") == ("k", "ə", "m", "p", "j", "u", "ɾ", "ɚ")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("stop", "stop", 0.0),
        ("stop", "stob", 0.4 / 4),  # voiced and voiceless
        ("stop", "step", 0.6 / 4),  # another vowel
        ("stop", "stok", 1.0 / 4),
        ("stop", "top", 1.0 / 4),
        ("top", "stop", 1.0 / 4),
        ("", "go", 1.0),
        ("", "", 0.0),
    ],
)
def test_distances(one: str, other: str, expected: float):
    assert phonetic_distance(one, other) == pytest.approx(expected)


@needs_espeak
def test_similar_words_are_found():
    near = near_words(["computer", "lights"], 6, VOICE)
    assert {"commuter", "compute", "light", "rights"} <= set(near)
    assert len(near) == len(set(near)) == 12
    assert near_words(["computer"], 6, VOICE) == near[:6]
    assert near_words(["computer"], 0, VOICE) == []


@needs_espeak
def test_homophones_and_words_that_contain_a_keyword_are_excluded():
    near = near_words(["two", "Four", "nine", "stop"], 40, VOICE)
    assert not {"two", "too", "to", "four", "for", "fore", "forty", "nine", "nineteen", "stop"} & set(near)
    assert {"mine", "step", "do"} <= set(near)


@needs_espeak
def test_a_rare_word_has_few_similar_words():
    assert len(near_words(["onomatopoeia"], 40, VOICE)) < 5
