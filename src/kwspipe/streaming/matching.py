"""Matching of detections with the words of a stream."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.core.detector import Detection
from kwspipe.streaming.streams import Stream


@dataclass(frozen=True)
class FalseAccept:
    """A detection that matches no word.

    Attributes:
        detection: the detection.
        word: the word that was spoken at that time, or None.
    """

    detection: Detection
    word: str | None


@dataclass(frozen=True)
class Outcome:
    """Result of matching the detections of a stream.

    Attributes:
        stream: the stream.
        keywords: (words,) index in ``stream.spoken`` of each keyword of the model.
        latency_ms: (words,) time from the end of the keyword to its detection, negative if the detection came before
            the end, NaN if the keyword was missed.
        doubles: (words,) number of detections after the first.
        false_accepts: detections that match no word. They include detections of a keyword during another word.
    """

    stream: Stream
    keywords: npt.NDArray[np.int64]
    latency_ms: npt.NDArray[np.float64]
    doubles: npt.NDArray[np.int64]
    false_accepts: tuple[FalseAccept, ...]

    @property
    def missed(self) -> npt.NDArray[np.bool_]:
        """(words,) True for each missed keyword."""
        return np.isnan(self.latency_ms)


def match(
    stream: Stream, detections: Sequence[Detection], labels: Collection[str], hit_window_ms: float
) -> Outcome:
    """Assigns detections to the words of a stream.

    A detection belongs to the last word that starts before it and whose end is at most ``hit_window_ms`` before it.
    The first detection with the label of the word is a hit, further ones are doubles. All other detections are false
    accepts.

    Args:
        stream: the stream.
        detections: its detections, sorted by time.
        labels: the keywords of the model.
        hit_window_ms: maximum time from the end of a word to its detection.
    """
    spoken = stream.spoken
    starts = np.array([word.start_ms for word in spoken])
    latency = np.full(len(spoken), np.nan)
    doubles = np.zeros(len(spoken), np.int64)
    false_accepts = []
    indices = np.searchsorted(starts, [detection.time_ms for detection in detections], side="right") - 1
    for index, detection in zip(indices, detections, strict=True):
        within = index >= 0 and detection.time_ms <= spoken[index].end_ms + hit_window_ms
        if not within or spoken[index].word != detection.label:
            false_accepts.append(FalseAccept(detection, spoken[index].word if within else None))
        elif np.isnan(latency[index]):
            latency[index] = detection.time_ms - spoken[index].end_ms
        else:
            doubles[index] += 1
    keywords = np.array([index for index, word in enumerate(spoken) if word.word in labels], np.int64)
    return Outcome(stream, keywords, latency[keywords], doubles[keywords], tuple(false_accepts))
