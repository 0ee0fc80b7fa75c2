"""Errors of words of the configuration, with the words that are most similar to them."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kwspipe.config import DatasetConfig
from kwspipe.dataset.recordings import normalize_name
from kwspipe.errors import KwspipeError

MAX_WORDS_SHOWN = 12
MIN_SIMILARITY = 0.6  # of the word that an error suggests, as in difflib.get_close_matches


def check_words(dataset: DatasetConfig) -> None:
    """Checks the lists of words, before any recording is read.

    Raises:
        KwspipeError: ``dataset.words`` has duplicates, or a word in common with ``dataset.unknown_words``.
    """
    for error in word_errors(dataset):
        raise error


def word_errors(dataset: DatasetConfig) -> Iterator[KwspipeError]:
    """Yields an error for each duplicate in ``dataset.words``, and for each word also in ``dataset.unknown_words``."""
    words = [normalize_name(word) for word in dataset.words]
    for index, word in enumerate(words):
        if word in words[:index]:
            where = f"dataset.words.{index}"
            yield KwspipeError(where, f"{word!r} for the second time", "each word once", "remove one of them")
    for index, word in enumerate(map(normalize_name, dataset.unknown_words)):
        if word in words:
            where = f"dataset.unknown_words.{index}"
            yield KwspipeError(
                where, f"{word!r}, a keyword", "words not in dataset.words", "remove it from one list"
            )


def no_such_word(
    where: str, word: str, by_word: Mapping[str, object], root: Path | None = None
) -> KwspipeError:
    """Returns the error for a word without recordings, with the most similar words that have some.

    Args:
        where: configuration key of the word.
        word: the word.
        by_word: recordings by word.
        root: folder of the recordings; None if they are not in folders of words.
    """
    words = closest_first(word, by_word)
    shown = ", ".join(words[:MAX_WORDS_SHOWN]) + (", ..." if len(words) > MAX_WORDS_SHOWN else "")
    received, has_folder = f"no recordings of {word!r}", False
    if root is not None:
        has_folder = (root / word).is_dir()
        received += f" in {root / word if has_folder else root}"
        received += ", a folder without recordings" if has_folder else ", which has no folder of this name"
    is_similar = not has_folder and words and _similarity(word, words[0]) >= MIN_SIMILARITY
    return KwspipeError(
        where,
        received,
        f"words with recordings, closest first: {shown or 'none'}",
        f"{f'did you mean {words[0]!r}? Otherwise ' if is_similar else ''}"
        f"correct the word, or add a folder of recordings named {word!r}",
    )


def closest_first(word: str, words: Iterable[str]) -> list[str]:
    """Returns ``words`` sorted by the similarity of their spelling to ``word``, the most similar first."""

    return sorted(words, key=lambda other: (-_similarity(word, other), other))


def _similarity(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, word.casefold(), other.casefold()).ratio()
