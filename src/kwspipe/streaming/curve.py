"""Missed words and false accepts at every threshold, from scores computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe._core import lib
from kwspipe.labels import is_keyword
from kwspipe.streaming.matching import Outcome, match
from kwspipe.streaming.scoring import StreamScores
from kwspipe.streaming.streams import total_hours

NUM_THRESHOLDS = 256
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sweep:
    """Counts at every threshold, the same for all words.

    Attributes:
        words: the words the model knows.
        keywords: (words,) how often each was spoken.
        missed: (256, words) how often each was missed at each threshold.
        false_accepts: (256, words) by kind of stream.
        hours: of each kind of stream.
    """

    words: tuple[str, ...]
    keywords: Counts
    missed: Counts
    false_accepts: Mapping[str, Counts]
    hours: Mapping[str, float]

    def false_reject_rate(self, threshold: int) -> float | None:
        """Returns the share of keywords missed at a threshold; None where none were spoken."""
        total = int(self.keywords.sum())
        return int(self.missed[threshold].sum()) / total if total else None

    def per_hour(self, threshold: int, kinds: Sequence[str]) -> float | None:
        """Returns the false accepts per hour in streams of these kinds; None where there are none."""
        hours = sum(self.hours[kind] for kind in kinds)
        count = sum(int(self.false_accepts[kind][threshold].sum()) for kind in kinds)
        return count / hours if hours else None


def sweep(
    heard: Sequence[StreamScores],
    settings: bytes,
    labels: Sequence[str],
    hit_window_ms: float,
    sample_rate_hz: int,
) -> Sweep:
    """Runs the detector over the scores once for every threshold.

    Args:
        heard: scores of streams; words over speech are left out, as in ``figures.measure``.
        settings: of the detector; all but its thresholds is kept.
        labels: (classes,) in the order of the scores.
        hit_window_ms: as in ``match``.
        sample_rate_hz: of the streams.
    """
    heard = [one for one in heard if one.stream.background != "speech"]
    words = tuple(label for label in labels if is_keyword(label))
    place = {word: number for number, word in enumerate(words)}
    kinds: list[str] = sorted({one.stream.kind for one in heard})
    missed = np.zeros((NUM_THRESHOLDS, len(words)), np.int64)
    false_accepts = {kind: np.zeros((NUM_THRESHOLDS, len(words)), np.int64) for kind in kinds}
    spoken = [word.word for one in heard if one.stream.kind == "words" for word in one.stream.spoken]
    for threshold in range(NUM_THRESHOLDS):
        uniform = with_thresholds(settings, [threshold] * len(labels))
        for outcome in outcomes(heard, uniform, labels, hit_window_ms):
            for fired in outcome.false_accepts:
                false_accepts[outcome.stream.kind][threshold, place[fired.detection.label]] += 1
            for number in outcome.keywords[outcome.missed]:
                missed[threshold, place[outcome.stream.spoken[number].word]] += 1
    by_kind = {kind: [one.stream for one in heard if one.stream.kind == kind] for kind in kinds}
    return Sweep(
        words,
        np.array([spoken.count(word) for word in words], np.int64),
        missed,
        false_accepts,
        {kind: total_hours(streams, sample_rate_hz) for kind, streams in by_kind.items()},
    )


def outcomes(
    heard: Sequence[StreamScores], settings: bytes, labels: Sequence[str], hit_window_ms: float
) -> list[Outcome]:
    """Returns what a detector with these settings makes of the scores."""
    words = {label for label in labels if is_keyword(label)}
    return [match(one.stream, one.detect(settings, labels), words, hit_window_ms) for one in heard]


def with_thresholds(settings: bytes, thresholds: Sequence[int]) -> bytes:
    """Returns a detector's settings, as ``pack_settings`` makes them, with other thresholds, (classes,) 0 to 255."""
    patched = bytearray(settings)
    patched[lib.KWS_DETECTOR_HEAD_BYTES :: 2] = bytes(thresholds)
    return bytes(patched)


def thresholds_of(settings: bytes) -> list[int]:
    """Returns the thresholds in a detector's settings, (classes,)."""
    return list(settings[lib.KWS_DETECTOR_HEAD_BYTES :: 2])


def points(counts: Sweep, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the detection error trade-off: a point wherever a threshold changes something."""
    curve: list[dict[str, Any]] = []
    for threshold in range(NUM_THRESHOLDS):
        point = {
            "false_accepts_per_hour": counts.per_hour(threshold, kinds),
            "false_reject_rate": counts.false_reject_rate(threshold),
        }
        if not curve or point.items() - curve[-1].items():
            curve.append({"threshold": threshold, **point})
    return curve
