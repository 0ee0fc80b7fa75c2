"""Selection of the recordings that become clips: those of the keywords, and equal numbers of the other words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kwspipe.config import DatasetConfig
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import SPLITS, Recording, Split, normalize_name
from kwspipe.dataset.word_errors import no_such_word
from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN

Item = TypeVar("Item")


@dataclass
class ClipQuota:
    """The number of clips required for one label in one split, and the candidate recordings.

    Attributes:
        label: label of the clips.
        split: split of the clips.
        queue: candidates, in the order in which they are read.
        missing: number of usable clips still required.
    """

    label: str
    split: Split
    queue: Iterator[Recording]
    missing: int


def labels_of(dataset: DatasetConfig) -> tuple[str, ...]:
    """Returns the labels: the words in order, then ``_unknown_`` and ``_silence_`` if their ratio is above 0."""
    extra = [UNKNOWN] if dataset.unknown_class_percentage > 0 else []
    extra += [SILENCE] if dataset.silence_class_ratio > 0 else []
    return (*map(normalize_name, dataset.words), *extra)


def keyword_quotas(recordings: Sequence[Recording], dataset: DatasetConfig, seed: int) -> list[ClipQuota]:
    """Returns the quotas of the keywords: all recordings, or the configured maximum per word.

    Raises:
        KwspipeError: a keyword has no recordings.
    """
    by_word = Listing.of(recordings).by_word()
    clip_quotas = []
    for index, word in enumerate(map(normalize_name, dataset.words)):
        if word not in by_word:
            raise no_such_word(f"dataset.words.{index}", word, by_word)
        available = {split: by_word[word].in_split(split) for split in SPLITS}
        counts = {split: len(members) for split, members in available.items()}
        quotas = split_quotas(counts, dataset.max_clips_per_word)
        if dataset.max_training_clips_per_word is not None:
            quotas["training"] = min(quotas["training"], dataset.max_training_clips_per_word)
        for split, members in available.items():
            # Without a limit, the recordings keep the order of the files, which is faster to read.
            ordered = members if quotas[split] == len(members) else members.seeded_order(seed)
            clip_quotas.append(ClipQuota(word, split, iter(ordered), quotas[split]))
    return clip_quotas


def split_quotas(counts: Mapping[Split, int], cap: int | None) -> dict[Split, int]:
    """Divides ``cap`` clips among the splits in proportion to their recordings.

    Args:
        counts: number of recordings of each split.
        cap: maximum number of clips of all splits; None for no limit.

    Returns:
        The number of clips of each split; at least one for each split that has recordings, while ``cap`` lasts.
    """
    total = sum(counts.values())
    if cap is None or total <= cap:
        return dict(counts)
    quotas = {split: min(count, max(1, cap * count // total)) for split, count in counts.items()}
    # Rounding down and the minimum of one clip change the sum. The number of training clips compensates for this.
    quotas["training"] = max(0, min(counts["training"], cap - quotas["validation"] - quotas["testing"]))
    return quotas


def unknown_quotas(
    recordings: Sequence[Recording], dataset: DatasetConfig, num_keyword_clips: Mapping[Split, int], seed: int
) -> list[ClipQuota]:
    """Returns the quotas of ``_unknown_``. The candidates alternate between the other words.

    Args:
        recordings: all recordings of the source, with splits.
        dataset: words, unknown words and the ratio of unknown clips.
        num_keyword_clips: number of usable clips of all keywords, by split.
        seed: selects the order within each word.

    Raises:
        KwspipeError: a word in ``dataset.unknown_words`` has no recordings, or there are no other words.
    """
    if dataset.unknown_class_percentage == 0:
        return []
    others = other_words(Listing.of(recordings).by_word(), dataset)
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
    """Returns a function that returns whether a word belongs to ``_unknown_``."""
    if dataset.unknown_words:
        return frozenset(map(normalize_name, dataset.unknown_words)).__contains__
    keywords = _casefolded_keywords(dataset)
    return lambda word: word.casefold() not in keywords


def _casefolded_keywords(dataset: DatasetConfig) -> set[str]:
    """Returns the keywords for a comparison without case: a folder "One" contains the keyword "one"."""
    return {normalize_name(word).casefold() for word in dataset.words}


def other_words(
    by_word: Mapping[str, Listing], dataset: DatasetConfig, root: Path | None = None
) -> dict[str, Listing]:
    """Returns the recordings of the words of ``_unknown_``.

    Args:
        by_word: recordings of all words.
        dataset: keywords and unknown words.
        root: folder of the recordings, for the error.

    Raises:
        KwspipeError: a word in ``dataset.unknown_words`` has no recordings, or there are no other words.
    """
    keywords = _casefolded_keywords(dataset)
    others = {word: members for word, members in by_word.items() if word.casefold() not in keywords}
    for index, word in enumerate(map(normalize_name, dataset.unknown_words)):
        if word not in others:
            raise no_such_word(f"dataset.unknown_words.{index}", word, others, root)
    if not others:
        raise KwspipeError(
            "dataset.unknown_class_percentage",
            f"{dataset.unknown_class_percentage:g}, but there are no other words than the keywords",
            "recordings of other words, or 0",
            "add folders of other words, or set dataset.unknown_class_percentage=0",
        )
    return {word: others[word] for word in map(normalize_name, dataset.unknown_words)} or others


def num_class_clips(dataset: DatasetConfig, ratio: float, split: Split, num_keyword_clips: int) -> int:
    """Returns the number of clips of ``_unknown_`` or ``_silence_`` in a split.

    The number is ``ratio`` (4.0: four times) of the mean number of clips per keyword, and at least 1. In validation
    and testing it is at least ``min_evaluation_clips``, because a data set of few speakers would otherwise have too few
    clips to measure these classes. The number is 0 if ``ratio`` or ``num_keyword_clips`` is 0.

    Args:
        dataset: words and ``min_evaluation_clips``.
        ratio: number of clips of the class relative to the mean number of clips per keyword.
        split: the split.
        num_keyword_clips: number of clips of all keywords in the split.
    """
    if num_keyword_clips == 0 or ratio == 0:
        return 0
    minimum = 1 if split == "training" else max(1, dataset.min_evaluation_clips)
    return max(minimum, round(num_keyword_clips * ratio / len(dataset.words)))


def round_robin(queues: Iterable[Sequence[Item]]) -> Iterator[Item]:
    """Yields the first item of each queue, then the second of each, until all queues are empty."""
    remaining = [queue for queue in queues if queue]
    index = 0
    while remaining:
        for queue in remaining:
            yield queue[index]
        index += 1
        remaining = [queue for queue in remaining if len(queue) > index]
