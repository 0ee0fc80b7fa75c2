"""Code in the documents: commands of kwspipe, overrides and make targets."""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from support.paths import REPOSITORY

DOCUMENTS = [
    REPOSITORY / "README.md",
    *(path for path in sorted((REPOSITORY / "docs").rglob("*.md")) if not path.stem.endswith("-log")),
    *sorted((REPOSITORY / "firmware").rglob("README.md")),
]
# A fenced block, an indented block after an empty line, or inline code.
CODE = re.compile(r"^```\w*\n(.*?)^```|(?<=\n\n)((?:    [^\n]*\n)+)|`([^`]+)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:python -m )?kwspipe (?=[-+\w'])")
OVERRIDE = re.compile(r"\+?[a-z][\w./]*=.+")


class Snippet(NamedTuple):
    """Code in a document, where ``where`` is the file and the line number."""

    where: str
    text: str


def snippets() -> Iterator[Snippet]:
    """Yields each line of code, continuation lines joined, and each inline code."""
    for document in DOCUMENTS:
        text = document.read_text()
        for fenced, indented, inline, start in (
            (*match.groups(), match.start()) for match in CODE.finditer(text)
        ):
            line = text.count("\n", 0, start) + (2 if fenced else 1)
            lines = [inline.replace("\n", " ")] if inline else re.split(r"(?<!\\)\n", fenced or indented)
            for code in lines:
                where = f"{document.relative_to(REPOSITORY)}:{line}"
                yield Snippet(where, code.replace("\\\n", " ").strip())
                line += code.count("\n") + 1


def shell_words(text: str) -> list[str]:
    """Returns the words of a shell command. A text with ``<placeholder>``, ``=...`` or invalid quotes has none."""
    try:
        return [] if "<" in text or re.search(r"=\.\.\.(?!\w)", text) else shlex.split(text, comments=True)
    except ValueError:
        return []


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yields position and arguments of each command. Overrides without a command are combined with an experiment."""
    for where, text in snippets():
        words = shell_words(text)
        if words and (start := COMMAND.match(text)):
            yield where, words[len(start[0].split()) :]
        elif words and words != ["key=value"] and all(OVERRIDE.fullmatch(word) for word in words):
            has_experiment = any(word.startswith("+experiment=") for word in words)
            yield where, ["-m", *([] if has_experiment else ["+experiment=digits_3"]), *words]


def make_targets() -> Iterator[tuple[str, str]]:
    """Yields position and target of each call of make in the root folder."""
    for where, text in snippets():
        for part in text.split("&&"):
            words = shell_words(part)
            if words[:1] == ["make"] and "-C" not in words:
                yield from ((where, word) for word in words[1:] if "=" not in word)
