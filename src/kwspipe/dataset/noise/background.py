"""Background noise: its division among the splits, and the positions of silence clips in it."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kwspipe.dataset.recordings import SPLITS, Split
from kwspipe.dataset.splits import hash_split, percent
from kwspipe.dataset.store.clip_store import Segment
from kwspipe.errors import KwspipeError

# Fraction of the noise for a split whose own fraction is 0, because its clips are given by a list. It is the fraction
# of validation and testing clips in Speech Commands.
DEFAULT_FRACTION = 0.1
# A recording is divided in time if its smallest part has the length of this many clips. Otherwise all of it is assigned
# to one split.
MIN_CLIPS_PER_PART = 2


@dataclass(frozen=True)
class NoiseRecording:
    """A decoded recording of noise.

    Attributes:
        path: path of the recording.
        group: recording of which it is a part; parts of one recording are assigned to the same split.
        offset: first sample in the sample files of the store.
        length: number of samples.
        split: the split that the source prescribes, or None.
    """

    path: str
    group: str
    offset: int
    length: int
    split: Split | None


def split_noise(
    recordings: Sequence[NoiseRecording],
    fractions: Mapping[Split, float],
    sample_length: int,
    every_split: bool,
) -> list[Segment]:
    """Divides noise among the splits. Each sample belongs to one split.

    Long recordings are divided in time. Short recordings are assigned to one split by the hash of their group.

    Args:
        recordings: the recordings.
        fractions: fractions of validation and testing; a missing split gets no noise.
        sample_length: number of samples of a clip.
        every_split: the noise of every split must have the length of a clip. A split with too little noise gets the
            end of the longest segment of training.

    Raises:
        KwspipeError: there is too little noise for ``every_split``.
    """
    shares = {split: share or DEFAULT_FRACTION for split, share in fractions.items()}
    segments: list[Segment] = []
    for recording in recordings:
        smallest = recording.length * percent(min(shares.values(), default=1.0)) / 100
        if recording.split is not None:
            segments.append(Segment(recording.path, recording.split, recording.offset, recording.length))
        elif smallest >= MIN_CLIPS_PER_PART * sample_length:
            segments += _cut(recording.path, recording.offset, recording.length, shares)
        else:
            split = hash_split(recording.group, shares.get("validation", 0), shares.get("testing", 0))
            segments.append(Segment(recording.path, split, recording.offset, recording.length))
    for split in SPLITS:
        if (
            every_split
            and (split == "training" or split in shares)
            and not fits_clip(segments, split, sample_length)
        ):
            segments = _move_part(segments, split, sample_length)
    return segments


def fits_clip(segments: Collection[Segment], split: Split, sample_length: int) -> bool:
    """Returns whether a noise segment of a split has the length of a clip."""
    return any(segment.split == split and segment.length >= sample_length for segment in segments)


def silence_positions(
    segments: Sequence[Segment], split: Split, num_clips: int, sample_length: int, seed: int
) -> list[tuple[Segment, int]]:
    """Draws the positions of silence clips: alternates between the segments, with a random offset in each.

    Returns:
        For each clip its segment, and the offset of its first sample in the sample files.
    """
    # random.Random gives the same numbers for a text seed on every platform and version.
    rng = random.Random(f"{seed}/silence/{split}")
    usable = [segment for segment in segments if segment.split == split and segment.length >= sample_length]
    rng.shuffle(usable)
    selected = (usable[index % len(usable)] for index in range(num_clips))
    return [
        (segment, segment.offset + rng.randrange(segment.length - sample_length + 1)) for segment in selected
    ]


def _cut(path: str, offset: int, length: int, shares: Mapping[Split, float]) -> list[Segment]:
    """Divides a recording in time: training first, then validation, then testing."""
    parts = {split: int(length * percent(share) / 100) for split, share in shares.items()}
    lengths: dict[Split, int] = {"training": length - sum(parts.values()), **parts}
    segments = []
    for split in SPLITS:
        if split in lengths:
            segments.append(Segment(path, split, offset, lengths[split]))
            offset += lengths[split]
    return segments


def _move_part(segments: list[Segment], split: Split, sample_length: int) -> list[Segment]:
    """Moves the end of the longest segment, preferably of training, to another split."""
    donors = [p for p in segments if p.split != split and p.length >= 2 * sample_length]
    if not donors:
        total = sum(segment.length for segment in segments)
        raise KwspipeError(
            "dataset.noise_roots",
            f"too little background noise for {split}: {total} samples in all",
            f"recordings long enough to cut a clip of {sample_length} samples for every split",
            "add recordings to <root>/_background_noise_ or to a folder in dataset.noise_roots, "
            "or set dataset.silence_class_ratio=0",
        )
    donor = max(donors, key=lambda segment: (segment.split == "training", segment.length))
    part = max(sample_length, donor.length // 10)
    remainder = Segment(donor.path, donor.split, donor.offset, donor.length - part)
    moved = Segment(donor.path, split, donor.offset + remainder.length, part)
    return [remainder if segment is donor else segment for segment in segments] + [moved]
