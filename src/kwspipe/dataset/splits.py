"""Assignment of recordings to the training, validation and testing splits; each speaker belongs to one split."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np

from kwspipe.config import DatasetConfig
from kwspipe.dataset.listing import SPLIT_CODES, Listing
from kwspipe.dataset.recordings import SPLITS, Found, Split
from kwspipe.errors import KwspipeError

# The published rule of Speech Commands (which_set, README of v0.02): SHA1 of the file name up to "_nohash_", modulo
# 2^27, in percent. Later recordings of a speaker are therefore assigned to the same split.
MAX_WAVS_PER_CLASS = 2**27 - 1
FOLDS = 5  # number of folds of a cross-validation, the usual number for small data sets


def hash_percent(speaker: str) -> float:
    """Returns the hash of a speaker in percent, 0 to 100, by the rule of Speech Commands."""
    return (_digest(speaker) % (MAX_WAVS_PER_CLASS + 1)) * (100.0 / MAX_WAVS_PER_CLASS)


def percent(fraction: float) -> float:
    """Returns a fraction in percent without the error of the multiplication: 29.0 for 0.29.

    The published rule compares hashes with numbers of percent. A speaker whose hash is next to the limit is therefore
    in the same split as in a release with settings in percent.
    """
    return round(100 * fraction, 9)


def speaker_fold(speaker: str) -> int:
    """Returns the cross-validation fold of a speaker, 0 to ``FOLDS`` - 1.

    The fold is computed from a different hash than ``hash_percent``. The speakers of a part of Speech Commands, such
    as its test set, have similar hashes, and would all be in the same fold.
    """
    return _digest(f"fold of {speaker}") % FOLDS


def _digest(text: str) -> int:
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16)


def hash_split(speaker: str, validation_fraction: float, testing_fraction: float) -> Split:
    """Returns the split of a speaker: the lowest hashes are validation, the next testing, the others training."""
    hashed, validation, testing = (
        hash_percent(speaker),
        percent(validation_fraction),
        percent(testing_fraction),
    )
    if hashed < validation:
        return "validation"
    return "testing" if hashed < validation + testing else "training"


def split_speakers(
    speakers: Iterable[str], validation_fraction: float, testing_fraction: float
) -> dict[str, Split]:
    """Splits speakers by the hash rule, and fills the splits that would otherwise be empty.

    If the rule assigns no speaker to a split whose fraction is above 0, the speaker with the lowest hash in the
    largest split moves to the empty split, unless it is the only one there. A single speaker is assigned to training.
    """
    ordered = sorted(set(speakers), key=lambda speaker: (hash_percent(speaker), speaker))
    splits = {s: hash_split(s, validation_fraction, testing_fraction) for s in ordered}
    required: list[Split] = ["training"]
    required += ["validation"] if validation_fraction > 0 else []
    required += ["testing"] if testing_fraction > 0 else []
    for split in required:
        if split in splits.values():
            continue
        members = {name: [s for s in ordered if splits[s] == name] for name in SPLITS}
        largest = max(members.values(), key=len)
        if len(largest) > (0 if split == "training" else 1):
            splits[largest[0]] = split
    return splits


def assign_splits(found: Found, validation_fraction: float, testing_fraction: float) -> Listing:
    """Assigns a split to each recording of a word, by the lists of its source or by the hash rule.

    The hash rule applies to speakers without listed clips, and to splits without a list.

    Raises:
        KwspipeError: the lists assign one speaker to two splits.
    """
    words = Listing.of(found.words)
    names, speakers, splits = words.speakers()
    listed = np.unique(speakers[splits > 0])
    rest = split_speakers(
        (names[speaker] for speaker in np.setdiff1d(speakers, listed)),
        0 if "validation" in found.listed else validation_fraction,
        0 if "testing" in found.listed else testing_fraction,
    )
    # If every split has a list, a clip in none of the lists is training.
    speaker_codes = np.array([SPLIT_CODES[rest.get(name, "training")] for name in names], np.uint8)
    assigned = words.with_splits(np.where(splits > 0, splits, speaker_codes[speakers]))
    check_speakers(assigned)
    return assigned


def assign_configured_splits(found: Found, dataset: DatasetConfig) -> Listing:
    """Assigns a split to each recording of a word by the configured rule: by fractions or by fold."""
    if dataset.fold is None:
        return assign_splits(found, dataset.validation_fraction, dataset.testing_fraction)
    return assign_fold(found, dataset.fold, dataset.training_only_speakers)


def assign_fold(found: Found, fold: int, training_only: Sequence[str]) -> Listing:
    """Assigns splits for one round of a cross-validation, regardless of the lists of the source.

    Fold ``fold`` (``speaker_fold``) is testing, the next fold is validation, and the others are training. Over all
    rounds each speaker is in testing once.

    Args:
        found: all recordings.
        fold: 0 to ``FOLDS`` - 1.
        training_only: patterns of speakers who are in training in every round, for example ``fsdd-*``.
    """
    words = Listing.of(found.words)
    names, speakers, _ = words.speakers()
    split_of_fold: dict[int, Split] = {fold: "testing", (fold + 1) % FOLDS: "validation"}

    def split(name: str) -> Split:
        if any(fnmatchcase(name, pattern) for pattern in training_only):
            return "training"
        return split_of_fold.get(speaker_fold(name), "training")

    codes = np.array([SPLIT_CODES[split(name)] for name in names], np.uint8)
    return words.with_splits(codes[speakers])


def check_speakers(recordings: Listing) -> None:
    """Raises KwspipeError if a speaker is in two splits.

    The message names up to three of these speakers, with a clip of each split.
    """
    names, speakers, splits = recordings.speakers()
    # The first clip of each speaker in each split.
    _, first = np.unique(speakers * len(SPLIT_CODES) + splits, return_index=True)
    num_splits = np.bincount(speakers[first], minlength=len(names))
    crossing: dict[str, dict[Split | None, str]] = {}
    for index in np.sort(first[num_splits[speakers[first]] > 1]):
        clip = recordings[index]
        crossing.setdefault(clip.speaker, {})[clip.split] = clip.path
    if crossing:
        raise KwspipeError(
            "validation_list.txt, testing_list.txt",
            f"{len(crossing)} speaker(s) in more than one split: {_examples(crossing)}",
            "every clip of a speaker in one split",
            "list all clips of a speaker or none, or delete the lists: speakers are then split by hash",
        )


def _examples(crossing: Mapping[str, Mapping[Split | None, str]]) -> str:
    shown: Sequence[str] = sorted(crossing)[:3]
    return "; ".join(
        f"{speaker!r} ({', '.join(f'{path} in {split}' for split, path in crossing[speaker].items())})"
        for speaker in shown
    )
