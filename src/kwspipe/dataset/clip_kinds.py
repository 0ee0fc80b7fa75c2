"""Clip kinds: the column ``kind`` of clips.csv, which states how a clip was made."""

from typing import Literal, get_args

Kind = Literal[
    "word", "partial", "ending", "several", "babble", "near_miss", "speech", "mined", "noise", "zero", "colour",
    "click", "level",
]  # fmt: skip
# In the order of their codes in clips.index.
KINDS: tuple[Kind, ...] = get_args(Kind)
WORD: Kind = "word"  # a complete recording of one word, a keyword or another word
NOISE: Kind = "noise"  # silence: a segment of recorded noise at its original level
ZERO: Kind = "zero"  # silence: digital zero
# Hard negatives: sounds that occur in streams, but not in folders of words. Accuracy is measured without them. The
# stage evaluate measures the rejected fraction per kind.
HARD_UNKNOWN: tuple[Kind, ...] = ("partial", "ending", "several", "babble", "near_miss", "speech", "mined")
HARD_SILENCE: tuple[Kind, ...] = ("colour", "click", "level")
HARD = frozenset((*HARD_UNKNOWN, *HARD_SILENCE))
# Separates the speakers, and the paths, of a clip that consists of several recordings.
SEPARATOR = " + "
