"""Transcripts of recordings, and the recordings that contain a keyword by their transcript."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kwspipe.audio.pcm import SUFFIXES
from kwspipe.dataset.keyword_free.homophones import homophones
from kwspipe.errors import KwspipeError

TRANSCRIPTS = "transcripts.txt"


def read_transcripts(folder: Path) -> dict[str, tuple[str, ...]]:
    """Reads transcripts.txt of a folder: one line per recording, its file name and then its words.

    Args:
        folder: a folder of recordings.

    Returns:
        The words in lower case without punctuation, by file name without extension. Empty without transcripts.txt.

    Raises:
        KwspipeError: transcripts.txt is not UTF-8 text, or it names a recording twice.
    """
    file = folder / TRANSCRIPTS
    if not file.is_file():
        return {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise KwspipeError(
            str(file), f"byte {error.start} is not UTF-8", "UTF-8 text", "convert the file to UTF-8"
        ) from error
    transcripts: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 1):
        name, _, text = line.strip().partition(" ")
        stem = Path(name).stem if Path(name).suffix.lower() in SUFFIXES else name
        if not name:
            continue
        if stem in transcripts:
            raise KwspipeError(
                f"{file}, line {number}",
                f"a second transcript of {name!r}",
                "one line per recording: its file name, then its words",
                "remove one of the lines",
            )
        transcripts[stem] = tuple(filter(None, map(normalize_word, text.split())))
    return transcripts


def normalize_word(word: str) -> str:
    """Returns a word of a transcript in lower case, without punctuation and without a possessive ``'s``."""
    letters = "".join(c for c in word.lower().replace("\u2019", "'") if c.isalnum() or c == "'").strip("'")
    return letters.removesuffix("'s")


@dataclass(frozen=True)
class KeywordFinder:
    """Search for keywords and their homophones in transcripts.

    Attributes:
        keywords: the keywords; a keyword can consist of several words, separated by spaces or underscores.
    """

    keywords: tuple[str, ...]

    @cached_property
    def _phrases(self) -> list[tuple[frozenset[str], ...]]:
        split = (keyword.replace("_", " ").split() for keyword in self.keywords)
        return [tuple(homophones(normalize_word(word)) for word in words) for words in split]

    def find(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Returns the occurrences of keywords, sorted: the index of the first word and the index after the last one.

        Args:
            words: normalized words of a transcript.
        """
        return sorted(set(self._occurrences(words)))

    def _occurrences(self, words: Sequence[str]) -> Iterable[tuple[int, int]]:
        for phrase in self._phrases:
            for first in range(len(words) - len(phrase) + 1):
                if all(words[first + index] in allowed for index, allowed in enumerate(phrase)):
                    yield first, first + len(phrase)
