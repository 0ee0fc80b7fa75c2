"""English words with the same pronunciation as a keyword."""

from functools import cache
from importlib.resources import files

_TABLE = "homophones.txt"


@cache
def _groups() -> tuple[frozenset[str], ...]:
    text = (files(__package__) / _TABLE).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(frozenset(line.split()) for line in lines)


def homophones(word: str) -> frozenset[str]:
    """Returns a word and its homophones in homophones.txt.

    Args:
        word: a word in lower case.
    """
    return frozenset({word}).union(*(group for group in _groups() if word in group))
