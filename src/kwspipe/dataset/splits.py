"""Training, validation and testing by speaker: no voice is heard in two of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kwspipe.dataset.recordings import SPLITS, Found, Recording, Split
from kwspipe.errors import KwspipeError

# Speech Commands' published rule (which_set, README of v0.02): SHA1 of the file's name up to "_nohash_", modulo
# 2^27, as a percentage. Whoever records more clips later stays in the split of the first ones.
MAX_WAVS_PER_CLASS = 2**27 - 1


def hash_percentage(speaker: str) -> float:
    """Returns a speaker's place in 0 to 100, by Speech Commands' rule."""
    digest = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16)
    return (digest % (MAX_WAVS_PER_CLASS + 1)) * (100.0 / MAX_WAVS_PER_CLASS)


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


def assign_splits(found: Found, validation_percentage: float, testing_percentage: float) -> list[Recording]:
    """Gives every recording of a word its split: its source's lists first, then the hash rule.

    Speakers whose clips no list names are split by the hash rule for those splits that no list defines.

    Raises:
        KwspipeError: the lists put one speaker into two splits.
    """
    listed = {r.speaker: r.split for r in found.words if r.split is not None}
    rest = split_speakers(
        (r.speaker for r in found.words if r.speaker not in listed),
        0 if "validation" in found.listed else validation_percentage,
        0 if "testing" in found.listed else testing_percentage,
    )
    # With every split listed, a clip that no list names is training.
    assigned = [replace(r, split=r.split or rest.get(r.speaker, "training")) for r in found.words]
    check_speakers(assigned)
    return assigned


def check_speakers(recordings: Iterable[Recording]) -> None:
    """Proves that no speaker is in two splits.

    Raises:
        KwspipeError: one is; the message names up to three of them with a clip of each split.
    """
    first: dict[str, dict[Split, str]] = {}
    for recording in recordings:
        assert recording.split is not None
        first.setdefault(recording.speaker, {}).setdefault(recording.split, recording.path)
    crossing = {speaker: clips for speaker, clips in first.items() if len(clips) > 1}
    if crossing:
        raise KwspipeError(
            "validation_list.txt, testing_list.txt",
            f"{len(crossing)} speaker(s) in more than one split: {_examples(crossing)}",
            "every clip of a speaker in one split",
            "list all clips of a speaker or none, or delete the lists: speakers are then split by hash",
        )


def _examples(crossing: Mapping[str, Mapping[Split, str]]) -> str:
    shown: Sequence[str] = sorted(crossing)[:3]
    return "; ".join(
        f"{speaker!r} ({', '.join(f'{path} in {split}' for split, path in crossing[speaker].items())})"
        for speaker in shown
    )
