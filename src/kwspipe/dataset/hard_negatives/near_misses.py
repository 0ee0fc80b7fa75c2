"""Near misses: other words that are pronounced or spelled similarly to a keyword."""

import difflib
from collections.abc import Iterable

from kwspipe.config import NegativesConfig
from kwspipe.dataset.tts import espeak
from kwspipe.errors import KwspipeError

# Voice whose phonemes are compared.
VOICE = "gmw/en-US"


def near_misses(words: Iterable[str], keywords: Iterable[str], config: NegativesConfig) -> dict[str, float]:
    """Finds the words that are most similar to a keyword.

    Args:
        words: the other words.
        keywords: the keywords.
        config: ``similarity`` selects letters or phonemes; ``min_similarity`` is the threshold.

    Returns:
        Each near miss and its similarity to the closest keyword (ratio of ``difflib.SequenceMatcher``, 0 to 1), the
        most similar first. Words equal to a keyword in letters or phonemes are not included.

    Raises:
        KwspipeError: ``similarity`` is phonemes and espeak-ng is not installed.
    """
    candidates, targets = sorted(set(words)), sorted(set(keywords))
    all_words = [*candidates, *targets]
    by_phonemes = config.similarity == "phonemes"
    form = _phonemes(all_words) if by_phonemes else {word: word.casefold() for word in all_words}
    target_forms = [form[keyword] for keyword in targets]
    similarity = {word: max(_ratio(form[word], target) for target in target_forms) for word in candidates}
    near = {word: ratio for word, ratio in similarity.items() if config.min_similarity <= ratio < 1}
    return dict(sorted(near.items(), key=lambda item: (-item[1], item[0])))


def spelling_similarity(word: str, keywords: Iterable[str]) -> float:
    """Returns the similarity of the spelling of a word to that of the closest keyword, 0 to 1."""
    return max(_ratio(word.casefold(), keyword.casefold()) for keyword in keywords)


def _ratio(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def _phonemes(words: list[str]) -> dict[str, str]:
    if not espeak.is_installed():
        raise KwspipeError(
            "dataset.negatives.similarity",
            "phonemes, but espeak-ng is not installed",
            "spelling, or phonemes with the extra synthetic",
            "pip install kwspipe[synthetic], or set dataset.negatives.similarity=spelling",
        )
    return espeak.phonemes(words, VOICE)
