"""What the network tells apart while it is taught: the labels, and each of the other words by itself.

"Any other word" is no sound, and hard to learn as one class: what lies between its words is in it too. So the network
is taught to name the other words as well (``train.other_words_apart``); what is kept and deployed adds their posteriors
up, and says no more than the labels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.clip_kinds import HARD, Kind
from kwspipe.dataset.selection import UNKNOWN
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import write_json

CLASSES = "classes.json"  # beside the weights
# A near miss is a whole word like any other; a part of a word, or several at once, have no name.
NAMELESS: frozenset[Kind] = HARD - {"near_miss"}
MIN_CLIPS = 20  # of a word in training: fewer do not tell it from others, and it stays among the unknown
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Classes:
    """The classes of a training, as ``classes.json`` has them.

    Attributes:
        names: the labels, then the other words that are apart.
        labels: the place of each one's label among the labels.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]

    def write(self, folder: Path) -> None:
        """Writes classes.json."""
        write_json(folder / CLASSES, {"names": list(self.names), "labels": list(self.labels)})

    @classmethod
    def read(cls, folder: Path) -> "Classes":
        """Reads what ``write`` wrote.

        Raises:
            KwspipeError: there is none, or something else.
        """
        path = folder / CLASSES
        try:
            return cls.parse(path.read_bytes())
        except (OSError, ValueError) as error:
            raise KwspipeError(
                str(path),
                f"it cannot be read ({error})",
                "the classes of a training of this release",
                "run the stage train again",
            ) from None

    @classmethod
    def parse(cls, text: str | bytes) -> "Classes":
        """Reads the text of classes.json.

        Raises:
            ValueError: it is something else.
        """
        try:
            known = json.loads(text)
            found = cls(tuple(map(str, known["names"])), tuple(map(int, known["labels"])))
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"no names and labels of classes: {error}") from None
        if len(found.names) != len(found.labels):
            raise ValueError(f"{len(found.names)} names of {len(found.labels)} classes")
        return found


def taught(store: ClipStore, most_apart: int) -> tuple[Classes, Indices]:
    """Returns the classes of a training, and which of them each clip of the store is, (clips,).

    Args:
        store: the prepared clips.
        most_apart: of the other words, so many, those with the most clips, are classes of their own.
    """
    labels, targets = store.labels, store.targets.copy()
    if UNKNOWN not in labels:
        return Classes(labels, tuple(range(len(labels)))), targets
    unknown = labels.index(UNKNOWN)
    by_word = _by_word(store, unknown)
    by_clips = sorted(by_word, key=lambda word: (-len(by_word[word]), word))
    apart = sorted(word for word in by_clips[:most_apart] if len(by_word[word]) >= MIN_CLIPS)
    for number, word in enumerate(apart, len(labels)):
        targets[by_word[word]] = number
    return Classes((*labels, *apart), (*range(len(labels)), *[unknown] * len(apart))), targets


def _by_word(store: ClipStore, unknown: int) -> Mapping[str, Sequence[int]]:
    """Returns the training clips of each other word."""
    numbers = store.rows.select("training", without=NAMELESS)
    words: dict[str, list[int]] = {}
    for number in map(int, numbers[store.targets[numbers] == unknown]):
        words.setdefault(store.rows[number].word, []).append(number)
    return words
