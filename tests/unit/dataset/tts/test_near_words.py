"""Words near in sound: found by phonemes, never what sounds as a keyword or holds one."""

import pytest

from kwspipe.dataset.tts import espeak
from kwspipe.dataset.tts.near_words import common_words, distance, near_words, sounds

needs_espeak = pytest.mark.skipif(
    not espeak.installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)
VOICE = "gmw/en-US"


def test_the_vocabulary_is_sorted_and_has_no_word_twice():
    words = common_words()
    assert len(words) > 1500
    assert list(words) == sorted(set(words))
    assert all(word.isalpha() and word.islower() for word in words)


def test_phonemes_of_several_letters_are_one_sound():
    assert sounds("t^ʃˈɔ^ɪs") == ("t^ʃ", "ɔ^ɪ", "s")
    assert sounds("kəmpjˈuːɾɚ") == ("k", "ə", "m", "p", "j", "u", "ɾ", "ɚ")


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
    assert distance(one, other) == pytest.approx(expected)


@needs_espeak
def test_words_that_sound_nearly_alike_are_found():
    near = near_words(["computer", "lights"], 6, VOICE)
    assert {"commuter", "compute", "light", "rights"} <= set(near)
    assert len(near) == len(set(near)) == 12
    assert near_words(["computer"], 6, VOICE) == near[:6]
    assert near_words(["computer"], 0, VOICE) == []


@needs_espeak
def test_what_holds_a_keyword_or_sounds_as_one_is_none():
    near = near_words(["two", "Four", "nine", "stop"], 40, VOICE)
    assert not {"two", "too", "to", "four", "for", "fore", "forty", "nine", "nineteen", "stop"} & set(near)
    assert {"mine", "step", "do"} <= set(near)


@needs_espeak
def test_a_word_like_no_other_has_few_neighbours():
    assert len(near_words(["onomatopoeia"], 40, VOICE)) < 5
