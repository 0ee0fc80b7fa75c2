"""Which recordings become clips: all of the keywords', unknown words evenly, as many as configured."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kwspipe.config import DatasetConfig
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import SPLITS, Recording, Split, normalize_name
from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN

Item = TypeVar("Item")

MAX_WORDS_SHOWN = 40


@dataclass
class ClipQuota:
    """Recordings of one label in one split, drawn until enough of them are usable.

    Attributes:
        label: the class they are drawn for.
        split: the split they are drawn for.
        queue: candidates in the order they are tried.
        missing: how many more are wanted.
    """

    label: str
    split: Split
    queue: Iterator[Recording]
    missing: int


def labels_of(dataset: DatasetConfig) -> tuple[str, ...]:
    """Returns the classes: the words in order, then ``_unknown_`` and ``_silence_`` where their share is above 0."""
    extra = [UNKNOWN] if dataset.unknown_class_percentage > 0 else []
    extra += [SILENCE] if dataset.silence_class_percentage > 0 else []
    return (*map(normalize_name, dataset.words), *extra)


def check_words(dataset: DatasetConfig) -> None:
    """Checks the words against one another, before anything is read.

    Raises:
        KwspipeError: a word stands in ``dataset.words`` twice, or also in ``dataset.unknown_words``.
    """
    words = [normalize_name(word) for word in dataset.words]
    for index, word in enumerate(words):
        if word in words[:index]:
            where = f"dataset.words.{index}"
            raise KwspipeError(
                where, f"{word!r} for the second time", "each word once", "take one of them out"
            )
    for index, word in enumerate(map(normalize_name, dataset.unknown_words)):
        if word in words:
            where = f"dataset.unknown_words.{index}"
            raise KwspipeError(
                where, f"{word!r}, a keyword", "words not in dataset.words", "take it out of one list"
            )


def keyword_quotas(recordings: Sequence[Recording], dataset: DatasetConfig, seed: int) -> list[ClipQuota]:
    """Returns what to draw for the keywords: everything, or as many a word as the configuration allows.

    Raises:
        KwspipeError: a keyword has no recordings.
    """
    by_word = Listing.of(recordings).by_word()
    draws = []
    for index, word in enumerate(map(normalize_name, dataset.words)):
        if word not in by_word:
            raise _no_such_word(f"dataset.words.{index}", word, by_word)
        available = {split: by_word[word].in_split(split) for split in SPLITS}
        counts = {split: len(members) for split, members in available.items()}
        quotas = split_quotas(counts, dataset.max_clips_per_word)
        if dataset.max_training_clips_per_word is not None:
            quotas["training"] = min(quotas["training"], dataset.max_training_clips_per_word)
        for split, members in available.items():
            # Uncapped, the order of the files is kept: neighbours on disk are read together.
            ordered = members if quotas[split] == len(members) else members.seeded_order(seed)
            draws.append(ClipQuota(word, split, iter(ordered), quotas[split]))
    return draws


def split_quotas(counts: Mapping[Split, int], cap: int | None) -> dict[Split, int]:
    """Shares ``cap`` clips among the splits as they share the clips there are; at least one each while it lasts."""
    total = sum(counts.values())
    if cap is None or total <= cap:
        return dict(counts)
    quotas = {split: min(count, max(1, cap * count // total)) for split, count in counts.items()}
    # Rounding down left some over, or the single clips of small splits took some too many: training evens it out.
    quotas["training"] = max(0, min(counts["training"], cap - quotas["validation"] - quotas["testing"]))
    return quotas


def unknown_quotas(
    recordings: Sequence[Recording], dataset: DatasetConfig, num_keyword_clips: Mapping[Split, int], seed: int
) -> list[ClipQuota]:
    """Returns what to draw for ``_unknown_``: the other words in turn, one clip of each before the second of any.

    Args:
        recordings: everything found, with splits.
        dataset: words, unknown words and the share of unknown.
        num_keyword_clips: usable clips of all keywords together, by split.
        seed: of the order within each word.

    Raises:
        KwspipeError: a word in ``dataset.unknown_words`` was not found, or there are no other words.
    """
    if dataset.unknown_class_percentage == 0:
        return []
    others = _other_words(Listing.of(recordings).by_word(), dataset)
    return [
        ClipQuota(
            UNKNOWN,
            split,
            round_robin([others[word].in_split(split).seeded_order(seed) for word in sorted(others)]),
            num_class_clips(dataset, dataset.unknown_class_percentage, split, num_keyword_clips[split]),
        )
        for split in SPLITS
    ]


def other_word_predicate(dataset: DatasetConfig) -> Callable[[str], bool]:
    """Returns a function that tells whether a word is one of ``_unknown_``."""
    if dataset.unknown_words:
        return frozenset(map(normalize_name, dataset.unknown_words)).__contains__
    # A folder "One" beside the keyword "one" holds the keyword, not another word.
    keywords = {normalize_name(word).casefold() for word in dataset.words}
    return lambda word: word.casefold() not in keywords


def _other_words(by_word: Mapping[str, Listing], dataset: DatasetConfig) -> dict[str, Listing]:
    # A folder "One" beside the keyword "one" holds the keyword, not another word.
    keywords = {normalize_name(word).casefold() for word in dataset.words}
    others = {word: members for word, members in by_word.items() if word.casefold() not in keywords}
    for index, word in enumerate(map(normalize_name, dataset.unknown_words)):
        if word not in others:
            raise _no_such_word(f"dataset.unknown_words.{index}", word, others)
    if not others:
        raise KwspipeError(
            "dataset.unknown_class_percentage",
            f"{dataset.unknown_class_percentage:g}, but there are no other words than the keywords",
            "recordings of other words, or 0",
            "add folders of other words, or set dataset.unknown_class_percentage=0",
        )
    return {word: others[word] for word in map(normalize_name, dataset.unknown_words)} or others


def num_class_clips(dataset: DatasetConfig, percentage: float, split: Split, num_keyword_clips: int) -> int:
    """Returns how many clips a class that is no keyword shall have in a split.

    That is ``percentage`` (1.0 is 100 %) of the mean keyword class, at least one where there is anything; in validation
    and testing at least ``min_evaluation_clips``, without which a data set with few speakers would judge unknown words
    and silence by a handful of clips.
    """
    if num_keyword_clips == 0 or percentage == 0:
        return 0
    at_least = 1 if split == "training" else max(1, dataset.min_evaluation_clips)
    return max(at_least, round(num_keyword_clips * percentage / len(dataset.words)))


def round_robin(queues: Iterable[Sequence[Item]]) -> Iterator[Item]:
    """Yields the first of each queue, then the second of each, until all are empty."""
    remaining = [queue for queue in queues if queue]
    place = 0
    while remaining:
        for queue in remaining:
            yield queue[place]
        place += 1
        remaining = [queue for queue in remaining if len(queue) > place]


def _no_such_word(where: str, word: str, by_word: Mapping[str, object]) -> KwspipeError:
    known = closest_first(word, by_word)
    shown = ", ".join(known[:MAX_WORDS_SHOWN]) + (", ..." if len(known) > MAX_WORDS_SHOWN else "")
    return KwspipeError(
        where,
        f"no recordings of {word!r}",
        f"words that there are recordings of, closest first: {shown or 'none'}",
        f"correct the word, or add a folder of recordings named {word!r}",
    )


def closest_first(word: str, known: Iterable[str]) -> list[str]:
    """Sorts known words by how close their spelling is to ``word``."""

    def distance(other: str) -> tuple[float, str]:
        return -difflib.SequenceMatcher(None, word.casefold(), other.casefold()).ratio(), other

    return sorted(known, key=distance)
