"""Search for common English words that sound similar to a keyword.

The distance of two words is the edit distance of their phonemes in the pronunciation of espeak-ng. Substitution of a
vowel by a vowel, or of a consonant by a similar consonant such as p and b, has a lower cost than other substitutions.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from kwspipe.dataset.tts import espeak

VOWELS = frozenset("aeiouɑɐɒæɔəɚɛɜɪʊʌᵻ")
# Voiced and voiceless consonants with the same place of articulation, and consonants that are confused in noise.
SIMILAR_CONSONANTS = frozenset(
    frozenset(pair)
    for pair in (
        *("pb", "td", "kɡ", "fv", "sz", "θð", "ʃʒ"),
        *("mn", "nŋ", "fθ", "vð", "sθ", "lɹ", "tɾ", "dɾ"),
    )
)
OTHER_VOWEL, SIMILAR_CONSONANT, OTHER_PHONEME = 0.6, 0.4, 1.0
# Largest distance of similar words, relative to the number of phonemes of the longer word.
MAX_DISTANCE = 0.6


@cache
def common_words() -> tuple[str, ...]:
    """Returns the vocabulary in alphabetical order."""
    return tuple(
        resources.files("kwspipe.dataset.tts").joinpath("common_words.txt").read_text("utf-8").split()
    )


def near_words(keywords: Sequence[str], num_each: int, voice: str) -> list[str]:
    """Returns common words that sound similar to a keyword, without duplicates.

    Keywords, homophones of keywords and words that contain the sound of a keyword ("someone") are excluded.

    Args:
        keywords: the keywords.
        num_each: largest number of words per keyword.
        voice: the espeak-ng voice of the pronunciation.

    Returns:
        The words of the first keyword in order of their distance, then those of the next keyword.
    """
    if num_each == 0:
        return []
    phonemes = {
        word: split_phonemes(ipa) for word, ipa in espeak.ipa([*keywords, *common_words()], voice).items()
    }
    targets = [phonemes[word] for word in keywords]
    folded = {word.casefold() for word in keywords}
    candidates = [
        word
        for word in common_words()
        if word not in folded and not any(_contains(phonemes[word], target) for target in targets)
    ]
    near: dict[str, None] = {}
    for target in targets:
        ranked = sorted(
            (phonetic_distance(target, phonemes[word]), word) for word in candidates if word not in near
        )
        near |= dict.fromkeys(word for distance, word in ranked[:num_each] if distance <= MAX_DISTANCE)
    return list(near)


def split_phonemes(ipa: str) -> tuple[str, ...]:
    """Splits the IPA of espeak-ng into phonemes, without stress and length marks."""
    return tuple(re.findall(r"\w(?:\^\w)*", re.sub("[ˈˌː]", "", ipa)))


def phonetic_distance(one: Sequence[str], other: Sequence[str]) -> float:
    """Returns the edit distance of two words, divided by the length of the longer word.

    Args:
        one: phonemes of the first word.
        other: phonemes of the second word.
    """
    above = [float(number) for number in range(len(other) + 1)]
    for row, phoneme in enumerate(one, 1):
        current = [float(row)]
        for column, other_phoneme in enumerate(other, 1):
            substituted = above[column - 1] + _substitution_cost(phoneme, other_phoneme)
            current.append(min(substituted, above[column] + OTHER_PHONEME, current[-1] + OTHER_PHONEME))
        above = current
    return above[-1] / max(len(one), len(other), 1)


def _substitution_cost(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one[0] in VOWELS and other[0] in VOWELS:
        return OTHER_VOWEL
    return SIMILAR_CONSONANT if frozenset((one[0], other[0])) in SIMILAR_CONSONANTS else OTHER_PHONEME


def _contains(word: Sequence[str], target: Sequence[str]) -> bool:
    return any(
        tuple(word[start : start + len(target)]) == tuple(target)
        for start in range(len(word) - len(target) + 1)
    )
