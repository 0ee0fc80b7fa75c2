"""Streams of audio and the words in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kwspipe.audio.pcm import Pcm

# words: keywords and other words at known times. The other kinds contain no keyword, so that each detection is a false
# accept: negative: recordings of speech; others: other words in sequence; noise: background noise.
Kind = Literal["words", "negative", "others", "noise"]
Background = Literal["none", "noise", "speech"]


@dataclass(frozen=True)
class SpokenWord:
    """A word in a stream.

    Attributes:
        word: name of the word in its data source.
        speaker: name of the speaker.
        start_ms: start of the word, from the start of the stream.
        end_ms: end of the word.
    """

    word: str
    speaker: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Stream:
    """Audio on which a model is evaluated.

    Attributes:
        name: unique name.
        kind: kind of the content.
        background: background of the words.
        snr_db: ratio of the power of the words to that of the background; None without background.
        pieces: the audio, consecutive parts of (samples,) int16.
        paths: path of each piece; empty for a composed stream.
        spoken: the words, sorted by time. They do not overlap.
    """

    name: str
    kind: Kind
    pieces: tuple[Pcm, ...]
    background: Background = "none"
    snr_db: float | None = None
    paths: tuple[str, ...] = ()
    spoken: tuple[SpokenWord, ...] = ()

    @property
    def num_samples(self) -> int:
        """Number of samples of all pieces."""
        return sum(piece.size for piece in self.pieces)


def total_hours(streams: Sequence[Stream], sample_rate_hz: int) -> float:
    """Returns the total duration of streams in hours."""
    return sum(stream.num_samples for stream in streams) / sample_rate_hz / 3600
