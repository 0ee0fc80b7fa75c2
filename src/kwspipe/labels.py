"""Class labels: the reserved labels, the keyword test, and the table of training classes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

UNKNOWN = "_unknown_"  # any word that is not a keyword
SILENCE = "_silence_"  # no speech: background noise or digital silence


def is_keyword(label: str) -> bool:
    """Returns whether a label is a keyword; reserved labels start with an underscore."""
    return not label.startswith("_")


def word_label(text: str) -> str:
    """Returns the label of a word or phrase: ``hey_computer`` for the text ``hey computer``."""
    return "_".join(text.split())


def spoken_text(word: str) -> str:
    """Returns the text of a word or phrase: ``hey computer`` for the label ``hey_computer``."""
    return word.replace("_", " ")


def keywords_of(labels: Iterable[str]) -> list[str]:
    """Returns the keywords among the labels, in their order."""
    return [label for label in labels if is_keyword(label)]


@dataclass(frozen=True)
class ClassTable:
    """The training classes of a network and the label of each one.

    Several classes may have the same label: the auxiliary word classes all have the label ``_unknown_``.

    Attributes:
        names: (classes,) the labels, followed by the words of the auxiliary classes.
        labels: (classes,) index of the label of each class.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]

    @classmethod
    def from_json(cls, text: str | bytes) -> "ClassTable":
        """Parses the content of ``classes.json``.

        Raises:
            ValueError: the content has another form.
        """
        try:
            content = json.loads(text)
            table = cls(tuple(map(str, content["names"])), tuple(map(int, content["labels"])))
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"no names and labels of classes: {error}") from None
        if len(table.names) != len(table.labels):
            raise ValueError(f"{len(table.names)} names of {len(table.labels)} classes")
        return table

    def as_mapping(self) -> dict[str, list[str] | list[int]]:
        """Returns the content of ``classes.json``."""
        return {"names": list(self.names), "labels": list(self.labels)}
