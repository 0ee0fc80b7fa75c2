"""Streams without audio, and their detections."""

import numpy as np

from kwspipe.core.detector import Detection
from kwspipe.streaming.streams import SpokenWord, Stream

LABELS = ("one", "two")


def make_stream(
    kind: str = "words", hours: float = 0.5, spoken: tuple[SpokenWord, ...] = (), **values
) -> Stream:
    # A view of one sample, so that hours of audio take no memory.
    samples = np.broadcast_to(np.zeros(1, np.int16), (int(hours * 3600 * 16000),))
    return Stream(f"{kind} {values}", kind, (samples,), spoken=spoken, **values)


def detection(label: str, time_ms: int) -> Detection:
    return Detection(label, 0, 200, time_ms)


WORDS = (
    SpokenWord("one", "ann", 1000, 1500),
    SpokenWord("cat", "ann", 4000, 4500),
    SpokenWord("two", "bob", 7000, 7500),
    SpokenWord("one", "bob", 10000, 10500),
)
