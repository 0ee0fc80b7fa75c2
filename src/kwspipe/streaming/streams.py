"""What a stream is: sound, and the words in it with their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kwspipe.audio.pcm import Pcm

# words: keywords and other words at known times. The others hold no keyword, whatever fires there is a false accept:
# negative: recordings of speech; others: words that are no keywords, one after another; noise: background noise.
Kind = Literal["words", "negative", "others", "noise"]
Background = Literal["none", "noise", "speech"]


@dataclass(frozen=True)
class Spoken:
    """A word in a stream.

    Attributes:
        word: the word itself, as its source calls it.
        speaker: whose voice it is.
        start_ms: where it begins, from the start of the stream.
        end_ms: where it ends.
    """

    word: str
    speaker: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Stream:
    """Sound to listen to.

    Attributes:
        name: of the stream, unique among those listened to together.
        kind: what is in it.
        background: what is behind the words.
        snr_db: power of the words against it; None without background.
        pieces: the sound, (samples,) int16 each, one after another.
        paths: where each piece comes from; empty for a composed stream.
        spoken: the words, by time; they do not overlap.
    """

    name: str
    kind: Kind
    pieces: tuple[Pcm, ...]
    background: Background = "none"
    snr_db: float | None = None
    paths: tuple[str, ...] = ()
    spoken: tuple[Spoken, ...] = ()

    @property
    def num_samples(self) -> int:
        """Samples of all pieces."""
        return sum(piece.size for piece in self.pieces)


def total_hours(streams: Sequence[Stream], sample_rate_hz: int) -> float:
    """Returns how long streams are together, in hours."""
    return sum(stream.num_samples for stream in streams) / sample_rate_hz / 3600
