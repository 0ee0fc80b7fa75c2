"""Words near in sound: what a spotter of "computer" must not take for it, found among common English words.

The distance of two words is the edit distance of their phonemes, as espeak-ng pronounces them: vowels differ less from
one another than from consonants, and consonants of one place, as p and b, less than others.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from kwspipe.dataset.tts import espeak

VOWELS = frozenset("aeiouɑɐɒæɔəɚɛɜɪʊʌᵻ")
# Voiced and voiceless of one place, and sounds that noise makes alike.
ALIKE = frozenset(
    frozenset(pair)
    for pair in (
        *("pb", "td", "kɡ", "fv", "sz", "θð", "ʃʒ"),
        *("mn", "nŋ", "fθ", "vð", "sθ", "lɹ", "tɾ", "dɾ"),
    )
)
OTHER_VOWEL, ALIKE_CONSONANT, OTHER_SOUND = 0.6, 0.4, 1.0
# Of the longer word's phonemes; what differs more does not sound near.
FARTHEST = 0.6


@cache
def common_words() -> tuple[str, ...]:
    """Returns the vocabulary, in alphabetical order."""
    return tuple(
        resources.files("kwspipe.dataset.tts").joinpath("common_words.txt").read_text("utf-8").split()
    )


def near_words(keywords: Sequence[str], num_each: int, voice: str) -> list[str]:
    """Returns common words that sound nearly as a keyword does, the nearest of each first, none twice.

    Left out are keywords, what sounds as one, and words in which one is heard whole ("someone").

    Args:
        keywords: what is to be spotted.
        num_each: at most so many for each keyword.
        voice: the espeak-ng voice whose pronunciation counts.
    """
    if num_each == 0:
        return []
    spoken = {word: sounds(ipa) for word, ipa in espeak.ipa([*keywords, *common_words()], voice).items()}
    targets = [spoken[word] for word in keywords]
    known = {word.casefold() for word in keywords}
    others = [
        word
        for word in common_words()
        if word not in known and not any(_within(target, spoken[word]) for target in targets)
    ]
    near: dict[str, None] = {}
    for target in targets:
        ranked = sorted((distance(target, spoken[word]), word) for word in others if word not in near)
        near |= dict.fromkeys(word for far, word in ranked[:num_each] if far <= FARTHEST)
    return list(near)


def sounds(ipa: str) -> tuple[str, ...]:
    """Splits espeak-ng's IPA into phonemes; stress and length do not count."""
    return tuple(re.findall(r"\w(?:\^\w)*", re.sub("[ˈˌː]", "", ipa)))


def distance(one: Sequence[str], other: Sequence[str]) -> float:
    """Returns the edit distance of two words' phonemes, divided by the length of the longer: 0 is the same sound."""
    above = [float(number) for number in range(len(other) + 1)]
    for row, sound in enumerate(one, 1):
        current = [float(row)]
        for column, another in enumerate(other, 1):
            changed = above[column - 1] + _difference(sound, another)
            current.append(min(changed, above[column] + OTHER_SOUND, current[-1] + OTHER_SOUND))
        above = current
    return above[-1] / max(len(one), len(other), 1)


def _difference(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one[0] in VOWELS and other[0] in VOWELS:
        return OTHER_VOWEL
    return ALIKE_CONSONANT if frozenset((one[0], other[0])) in ALIKE else OTHER_SOUND


def _within(target: Sequence[str], word: Sequence[str]) -> bool:
    return any(
        tuple(word[start : start + len(target)]) == tuple(target)
        for start in range(len(word) - len(target) + 1)
    )
