"""Training classes: the labels plus one auxiliary class for each frequent other word.

The class of the unknown words is hard to learn, because its clips have no common sound. During training, frequent other
words are therefore separate classes (``train.num_auxiliary_word_classes``). The deployed network adds their posteriors
to that of the unknown words, so that its outputs are the labels alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kwspipe.dataset.clip_kinds import HARD, Kind
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import UNKNOWN, ClassTable

# Kinds that are not one complete word. A near miss is one.
NOT_A_WORD: frozenset[Kind] = HARD - {"near_miss"}
MIN_CLIPS = 20  # training clips of an auxiliary class; fewer clips do not suffice to distinguish a word
Indices = npt.NDArray[np.int64]


def assign_training_classes(store: ClipStore, max_auxiliary: int) -> tuple[ClassTable, Indices]:
    """Returns the training classes, and the class of each clip of the store, (clips,).

    Args:
        store: store of the prepared clips.
        max_auxiliary: maximum number of auxiliary classes; the other words with the most training clips get one.
    """
    labels, targets = store.labels, store.targets.copy()
    if UNKNOWN not in labels:
        return ClassTable(labels, tuple(range(len(labels)))), targets
    unknown = labels.index(UNKNOWN)
    clips = _training_clips_by_word(store, unknown)
    most_first = sorted(clips, key=lambda word: (-len(clips[word]), word))
    auxiliary = sorted(word for word in most_first[:max_auxiliary] if len(clips[word]) >= MIN_CLIPS)
    for index, word in enumerate(auxiliary, len(labels)):
        targets[clips[word]] = index
    label_of_class = (*range(len(labels)), *[unknown] * len(auxiliary))
    return ClassTable((*labels, *auxiliary), label_of_class), targets


def _training_clips_by_word(store: ClipStore, unknown: int) -> Mapping[str, Sequence[int]]:
    """Returns the numbers of the training clips of each other word."""
    numbers = store.rows.select("training", without=NOT_A_WORD)
    words: dict[str, list[int]] = {}
    for number in map(int, numbers[store.targets[numbers] == unknown]):
        words.setdefault(store.rows[number].word, []).append(number)
    return words
