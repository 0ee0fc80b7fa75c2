"""What the network tells apart while it is taught: the labels, and each of the other words by itself.

"Any other word" is no sound, and hard to learn as one class: what lies between its words is in it too. So the network
is taught to name the other words as well (``train.other_words_apart``); what is kept and deployed adds their posteriors
up, and says no more than the labels.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.clip_kinds import HARD, Kind
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import UNKNOWN, ClassTable

# A near miss is a whole word like any other; a part of a word, or several at once, have no name.
NAMELESS: frozenset[Kind] = HARD - {"near_miss"}
MIN_CLIPS = 20  # of a word in training: fewer do not tell it from others, and it stays among the unknown
Indices = npt.NDArray[np.int64]


def assign_training_classes(store: ClipStore, most_apart: int) -> tuple[ClassTable, Indices]:
    """Returns the classes of a training, and which of them each clip of the store is, (clips,).

    Args:
        store: the prepared clips.
        most_apart: of the other words, so many, those with the most clips, are classes of their own.
    """
    labels, targets = store.labels, store.targets.copy()
    if UNKNOWN not in labels:
        return ClassTable(labels, tuple(range(len(labels)))), targets
    unknown = labels.index(UNKNOWN)
    by_word = _by_word(store, unknown)
    by_clips = sorted(by_word, key=lambda word: (-len(by_word[word]), word))
    apart = sorted(word for word in by_clips[:most_apart] if len(by_word[word]) >= MIN_CLIPS)
    for number, word in enumerate(apart, len(labels)):
        targets[by_word[word]] = number
    return ClassTable((*labels, *apart), (*range(len(labels)), *[unknown] * len(apart))), targets


def _by_word(store: ClipStore, unknown: int) -> Mapping[str, Sequence[int]]:
    """Returns the training clips of each other word."""
    numbers = store.rows.select("training", without=NAMELESS)
    words: dict[str, list[int]] = {}
    for number in map(int, numbers[store.targets[numbers] == unknown]):
        words.setdefault(store.rows[number].word, []).append(number)
    return words
