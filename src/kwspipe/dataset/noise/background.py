"""Background noise: which split may hear which part of it, and the clips of silence cut from it."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kwspipe.dataset.recordings import SPLITS, Split
from kwspipe.dataset.splits import hash_split
from kwspipe.errors import KwspipeError

# Where a split's clips come from lists, its percentage may be 0; noise is then shared as Speech Commands shares clips.
DEFAULT_PERCENTAGE = 10.0
# A recording is cut by time where its smallest part still holds this many clips; else it goes to one split whole.
MIN_CLIPS_A_PART = 2


@dataclass(frozen=True)
class NoiseRecording:
    """A decoded recording of noise: its name, the recording it is a take of, its place and length in samples."""

    path: str
    group: str
    offset: int
    length: int
    split: Split | None


@dataclass(frozen=True)
class NoisePiece:
    """Samples of noise that one split may hear."""

    path: str
    split: Split
    offset: int
    length: int


def split_noise(
    recordings: Sequence[NoiseRecording],
    percentages: Mapping[Split, float],
    sample_length: int,
    need_room: bool,
) -> list[NoisePiece]:
    """Divides noise among the splits, so that no sample of it is heard in two of them.

    Long recordings are cut in time, short ones go to one split whole, by the hash of their group.

    Args:
        recordings: what there is.
        percentages: share of validation and of testing; a split that is not there gets nothing.
        sample_length: samples of one clip.
        need_room: whether a clip must fit into the noise of every split; one in which none fits then gets the end of
            the longest piece of training.

    Raises:
        KwspipeError: there is too little noise to give every split a clip's length.
    """
    shares = {split: share or DEFAULT_PERCENTAGE for split, share in percentages.items()}
    pieces: list[NoisePiece] = []
    for recording in recordings:
        smallest = recording.length * min(shares.values(), default=100.0) / 100
        if recording.split is not None:
            pieces.append(NoisePiece(recording.path, recording.split, recording.offset, recording.length))
        elif smallest >= MIN_CLIPS_A_PART * sample_length:
            pieces += _cut(recording.path, recording.offset, recording.length, shares)
        else:
            split = hash_split(recording.group, shares.get("validation", 0), shares.get("testing", 0))
            pieces.append(NoisePiece(recording.path, split, recording.offset, recording.length))
    for split in SPLITS:
        if (
            need_room
            and (split == "training" or split in shares)
            and not has_room(pieces, split, sample_length)
        ):
            pieces = _give_part(pieces, split, sample_length)
    return pieces


def has_room(pieces: Collection[NoisePiece], split: Split, sample_length: int) -> bool:
    """Tells whether a clip of silence can be cut from the noise of a split."""
    return any(piece.split == split and piece.length >= sample_length for piece in pieces)


def silence_positions(
    pieces: Sequence[NoisePiece], split: Split, num_clips: int, sample_length: int, seed: int
) -> list[tuple[NoisePiece, int]]:
    """Draws where clips of silence are cut: pieces in turn, so that each kind of noise is heard, the place seeded.

    Returns:
        Pieces, and places of the first sample in the noise.
    """
    # Text seeds are hashed the same way on every platform and version.
    draw = random.Random(f"{seed}/silence/{split}")
    usable = [piece for piece in pieces if piece.split == split and piece.length >= sample_length]
    draw.shuffle(usable)
    turns = (usable[index % len(usable)] for index in range(num_clips))
    return [(piece, piece.offset + draw.randrange(piece.length - sample_length + 1)) for piece in turns]


def _cut(path: str, offset: int, length: int, shares: Mapping[Split, float]) -> list[NoisePiece]:
    """Cuts training from the start of a recording, then validation and testing, without overlap."""
    parts = {split: int(length * share / 100) for split, share in shares.items()}
    lengths: dict[Split, int] = {"training": length - sum(parts.values()), **parts}
    pieces = []
    for split in SPLITS:
        if split in lengths:
            pieces.append(NoisePiece(path, split, offset, lengths[split]))
            offset += lengths[split]
    return pieces


def _give_part(pieces: list[NoisePiece], split: Split, sample_length: int) -> list[NoisePiece]:
    donors = [p for p in pieces if p.split != split and p.length >= 2 * sample_length]
    if not donors:
        total = sum(piece.length for piece in pieces)
        raise KwspipeError(
            "dataset.noise_roots",
            f"too little background noise for {split}: {total} samples in all",
            f"recordings long enough to cut a clip of {sample_length} samples for every split",
            "add recordings to <root>/_background_noise_ or to a folder in dataset.noise_roots, "
            "or set dataset.silence_class_percentage=0",
        )
    donor = max(donors, key=lambda piece: (piece.split == "training", piece.length))
    part = max(sample_length, donor.length // 10)
    kept = NoisePiece(donor.path, donor.split, donor.offset, donor.length - part)
    given = NoisePiece(donor.path, split, donor.offset + kept.length, part)
    return [kept if piece is donor else piece for piece in pieces] + [given]
