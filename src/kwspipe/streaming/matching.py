"""Which words were found, and what fired without reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.core.detector import Detection
from kwspipe.streaming.streams import Stream


@dataclass(frozen=True)
class FalseAccept:
    """A detection without reason.

    Attributes:
        detection: what fired.
        word: the word that was spoken there; None where none was.
    """

    detection: Detection
    word: str | None


@dataclass(frozen=True)
class Outcome:
    """What detections made of one stream.

    Attributes:
        stream: the stream.
        keywords: (words,) places in ``stream.spoken`` of the words the model knows.
        latency_ms: (words,) from the end of each of those to its detection, below 0 where that came before the end;
            NaN where it was missed.
        doubles: (words,) detections of each beyond the first.
        false_accepts: detections that no word explains, another word's included.
    """

    stream: Stream
    keywords: npt.NDArray[np.int64]
    latency_ms: npt.NDArray[np.float64]
    doubles: npt.NDArray[np.int64]
    false_accepts: tuple[FalseAccept, ...]

    @property
    def missed(self) -> npt.NDArray[np.bool_]:
        """(words,) whether each keyword was missed."""
        return np.isnan(self.latency_ms)


def match(
    stream: Stream, detections: Sequence[Detection], labels: Collection[str], hit_window_ms: float
) -> Outcome:
    """Assigns detections to the words spoken.

    A detection belongs to the last word that began before it, until ``hit_window_ms`` after that word's end. The first
    one of the right label finds the word, further ones are doubles; all else is a false accept.

    Args:
        stream: the stream.
        detections: what fired in it, by time.
        labels: the words the model knows.
        hit_window_ms: how long after a word's end its detection still counts.
    """
    spoken = stream.spoken
    starts = np.array([word.start_ms for word in spoken])
    latency = np.full(len(spoken), np.nan)
    doubles = np.zeros(len(spoken), np.int64)
    false_accepts = []
    places = np.searchsorted(starts, [detection.time_ms for detection in detections], side="right") - 1
    for place, detection in zip(places, detections, strict=True):
        within = place >= 0 and detection.time_ms <= spoken[place].end_ms + hit_window_ms
        if not within or spoken[place].word != detection.label:
            false_accepts.append(FalseAccept(detection, spoken[place].word if within else None))
        elif np.isnan(latency[place]):
            latency[place] = detection.time_ms - spoken[place].end_ms
        else:
            doubles[place] += 1
    known = np.array([n for n, word in enumerate(spoken) if word.word in labels], np.int64)
    return Outcome(stream, known, latency[known], doubles[known], tuple(false_accepts))
