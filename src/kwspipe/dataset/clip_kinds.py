"""How a clip was made: the column ``kind`` of clips.csv."""

from typing import Literal

Kind = Literal[
    "word", "partial", "ending", "several", "babble", "near_miss", "speech", "mined", "noise", "zero", "colour",
    "click", "level",
]  # fmt: skip
WORD: Kind = "word"  # a whole recording of one word, a keyword or another
NOISE: Kind = "noise"  # silence: a cut of recorded noise, at its own level
ZERO: Kind = "zero"  # silence: digital zero
# What a stream brings and a folder of words does not. Accuracy leaves them out of validation and testing; evaluate
# counts how many of each kind are rejected.
HARD_UNKNOWN: tuple[Kind, ...] = ("partial", "ending", "several", "babble", "near_miss", "speech", "mined")
HARD_SILENCE: tuple[Kind, ...] = ("colour", "click", "level")
SEPARATOR = " + "  # between the speakers, and the paths, of a clip made of several recordings
HARD = frozenset((*HARD_UNKNOWN, *HARD_SILENCE))
