"""Words that sound, or are spelled, almost as a keyword is."""

import difflib
from collections.abc import Iterable

from kwspipe.config import NegativesConfig
from kwspipe.dataset.tts import espeak
from kwspipe.errors import KwspipeError

# The voice whose pronunciation is compared.
VOICE = "gmw/en-US"


def near_misses(words: Iterable[str], keywords: Iterable[str], config: NegativesConfig) -> dict[str, float]:
    """Finds the words most like a keyword.

    Args:
        words: the other words.
        keywords: the keywords.
        config: ``similarity`` says what is compared, letters or phonemes; ``min_similarity`` how like they have to be.

    Returns:
        Each near miss and its similarity to the closest keyword (difflib's ratio, 0 to 1), the closest first. With
        phonemes, words that sound exactly as a keyword does are left out: nobody could tell them apart.

    Raises:
        KwspipeError: phonemes are asked for, and espeak-ng is not installed.
    """
    known, wanted = sorted(set(words)), sorted(set(keywords))
    everything = [*known, *wanted]
    sounds = config.similarity == "phonemes"
    spoken = _phonemes(everything) if sounds else {word: word.casefold() for word in everything}
    targets = [spoken[keyword] for keyword in wanted]
    closeness = {word: max(_ratio(spoken[word], target) for target in targets) for word in known}
    close = {word: ratio for word, ratio in closeness.items() if config.min_similarity <= ratio < 1}
    return dict(sorted(close.items(), key=lambda item: (-item[1], item[0])))


def spelling_similarity(word: str, keywords: Iterable[str]) -> float:
    """Returns how like the closest keyword a word is spelled, 0 to 1."""
    return max(_ratio(word.casefold(), keyword.casefold()) for keyword in keywords)


def _ratio(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def _phonemes(words: list[str]) -> dict[str, str]:
    if not espeak.installed():
        raise KwspipeError(
            "dataset.negatives.similarity",
            "phonemes, but espeak-ng is not installed",
            "spelling, or phonemes with the extra synthetic",
            "pip install kwspipe[synthetic], or set dataset.negatives.similarity=spelling",
        )
    return espeak.phonemes(words, VOICE)
