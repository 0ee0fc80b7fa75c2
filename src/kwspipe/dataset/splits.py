"""Training, validation and testing by speaker: no voice is heard in two of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np

from kwspipe.dataset.listing import SPLIT_CODES, Listing
from kwspipe.dataset.recordings import SPLITS, Found, Split
from kwspipe.errors import KwspipeError

# Speech Commands' published rule (which_set, README of v0.02): SHA1 of the file's name up to "_nohash_", modulo
# 2^27, as a percentage. Whoever records more clips later stays in the split of the first ones.
MAX_WAVS_PER_CLASS = 2**27 - 1
FOLDS = 5  # of a cross-validation, as is usual where data are few


def hash_percentage(speaker: str) -> float:
    """Returns a speaker's place in 0 to 100, by Speech Commands' rule."""
    return (_digest(speaker) % (MAX_WAVS_PER_CLASS + 1)) * (100.0 / MAX_WAVS_PER_CLASS)


def speaker_fold(speaker: str) -> int:
    """Returns a speaker's fold of a cross-validation, 0 to ``FOLDS`` - 1.

    By a hash of its own: whoever has a part of Speech Commands, its test set for one, has speakers whose places in
    ``hash_percentage`` lie close together, and they would be all in one fold.
    """
    return _digest(f"fold of {speaker}") % FOLDS


def _digest(text: str) -> int:
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16)


def hash_split(speaker: str, validation_percentage: float, testing_percentage: float) -> Split:
    """Returns the split of a speaker: the lowest places are validation, the next testing, the rest training."""
    place = hash_percentage(speaker)
    if place < validation_percentage:
        return "validation"
    return "testing" if place < validation_percentage + testing_percentage else "training"


def split_speakers(
    speakers: Iterable[str], validation_percentage: float, testing_percentage: float
) -> dict[str, Split]:
    """Splits speakers by the hash rule, and sees to it that few speakers fill every split.

    Where the rule leaves a split empty though its percentage is above 0, the speaker of the fullest split whose
    place is lowest moves there, as long as that split keeps one. A single speaker is training.
    """
    ordered = sorted(set(speakers), key=lambda speaker: (hash_percentage(speaker), speaker))
    splits = {s: hash_split(s, validation_percentage, testing_percentage) for s in ordered}
    wanted: list[Split] = ["training"]
    wanted += ["validation"] if validation_percentage > 0 else []
    wanted += ["testing"] if testing_percentage > 0 else []
    for split in wanted:
        if split in splits.values():
            continue
        members = {name: [s for s in ordered if splits[s] == name] for name in SPLITS}
        fullest = max(members.values(), key=len)
        if len(fullest) > (0 if split == "training" else 1):
            splits[fullest[0]] = split
    return splits


def assign_splits(found: Found, validation_percentage: float, testing_percentage: float) -> Listing:
    """Gives every recording of a word its split: its source's lists first, then the hash rule.

    Speakers whose clips no list names are split by the hash rule for those splits that no list defines.

    Raises:
        KwspipeError: the lists put one speaker into two splits.
    """
    words = Listing.of(found.words)
    names, speakers, splits = words.speakers()
    listed = np.unique(speakers[splits > 0])
    rest = split_speakers(
        (names[speaker] for speaker in np.setdiff1d(speakers, listed)),
        0 if "validation" in found.listed else validation_percentage,
        0 if "testing" in found.listed else testing_percentage,
    )
    # With every split listed, a clip that no list names is training.
    of_speaker = np.array([SPLIT_CODES[rest.get(name, "training")] for name in names], np.uint8)
    assigned = words.with_splits(np.where(splits > 0, splits, of_speaker[speakers]))
    check_speakers(assigned)
    return assigned


def assign_fold(found: Found, fold: int, training_only: Sequence[str]) -> Listing:
    """Splits all speakers anew for one round of a cross-validation, whatever lists say.

    Fold number ``fold`` (``speaker_fold``) is testing, the next one validation, the others are training. Over all
    rounds every speaker is tested once.

    Args:
        found: all recordings.
        fold: 0 to ``FOLDS`` - 1.
        training_only: patterns of speakers who stay in training in every round, such as ``fsdd-*``.
    """
    words = Listing.of(found.words)
    names, speakers, _ = words.speakers()
    of_fold: dict[int, Split] = {fold: "testing", (fold + 1) % FOLDS: "validation"}

    def split(name: str) -> Split:
        if any(fnmatchcase(name, pattern) for pattern in training_only):
            return "training"
        return of_fold.get(speaker_fold(name), "training")

    codes = np.array([SPLIT_CODES[split(name)] for name in names], np.uint8)
    return words.with_splits(codes[speakers])


def check_speakers(recordings: Listing) -> None:
    """Proves that no speaker is in two splits.

    Raises:
        KwspipeError: one is; the message names up to three of them with a clip of each split.
    """
    names, speakers, splits = recordings.speakers()
    _, first = np.unique(
        speakers * len(SPLIT_CODES) + splits, return_index=True
    )  # a clip of each speaker and split
    num_splits = np.bincount(speakers[first], minlength=len(names))
    crossing: dict[str, dict[Split | None, str]] = {}
    for place in np.sort(first[num_splits[speakers[first]] > 1]):
        clip = recordings[place]
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
