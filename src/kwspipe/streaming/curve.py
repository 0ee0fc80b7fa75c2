"""Missed words and false accepts at each threshold, from scores that are computed once."""

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
# Highest rate of the curve. A threshold of 0 gives a false accept after each suppression time, thousands per hour.
MAX_PER_HOUR = 100.0
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ThresholdCounts:
    """Counts at each threshold, which is the same for all keywords.

    Attributes:
        words: the keywords of the model.
        keywords: (words,) number of occurrences of each keyword.
        missed: (256, words) number of missed occurrences at each threshold.
        false_accepts: by kind of stream, (256, words) number of false accepts.
        hours: duration by kind of stream.
    """

    words: tuple[str, ...]
    keywords: Counts
    missed: Counts
    false_accepts: Mapping[str, Counts]
    hours: Mapping[str, float]

    def false_reject_rate(self, threshold: int) -> float | None:
        """Returns the share of missed keywords at a threshold; None without keywords."""
        total = int(self.keywords.sum())
        return int(self.missed[threshold].sum()) / total if total else None

    def per_hour(self, threshold: int, kinds: Sequence[str]) -> float | None:
        """Returns the false accepts per hour in streams of the given kinds; None without such streams."""
        hours = sum(self.hours[kind] for kind in kinds)
        count = sum(int(self.false_accepts[kind][threshold].sum()) for kind in kinds)
        return count / hours if hours else None


def count_at_thresholds(
    scores: Sequence[StreamScores],
    settings: bytes,
    labels: Sequence[str],
    hit_window_ms: float,
    sample_rate_hz: int,
) -> ThresholdCounts:
    """Runs the detector on the scores once for each threshold.

    Args:
        scores: scores of the streams. Words over speech are ignored, as in ``figures.measure``.
        settings: packed settings of the detector, of which the thresholds are replaced.
        labels: (classes,) labels.
        hit_window_ms: see ``match``.
        sample_rate_hz: sample rate of the streams.
    """
    scores = [one for one in scores if one.stream.background != "speech"]
    words = tuple(label for label in labels if is_keyword(label))
    column = {word: index for index, word in enumerate(words)}
    kinds: list[str] = sorted({one.stream.kind for one in scores})
    missed = np.zeros((NUM_THRESHOLDS, len(words)), np.int64)
    false_accepts = {kind: np.zeros((NUM_THRESHOLDS, len(words)), np.int64) for kind in kinds}
    spoken = [word.word for one in scores if one.stream.kind == "words" for word in one.stream.spoken]
    for threshold in range(NUM_THRESHOLDS):
        uniform = with_thresholds(settings, [threshold] * len(labels))
        for outcome in outcomes(scores, uniform, labels, hit_window_ms):
            for accept in outcome.false_accepts:
                false_accepts[outcome.stream.kind][threshold, column[accept.detection.label]] += 1
            for index in outcome.keywords[outcome.missed]:
                missed[threshold, column[outcome.stream.spoken[index].word]] += 1
    by_kind = {kind: [one.stream for one in scores if one.stream.kind == kind] for kind in kinds}
    return ThresholdCounts(
        words,
        np.array([spoken.count(word) for word in words], np.int64),
        missed,
        false_accepts,
        {kind: total_hours(streams, sample_rate_hz) for kind, streams in by_kind.items()},
    )


def outcomes(
    scores: Sequence[StreamScores], settings: bytes, labels: Sequence[str], hit_window_ms: float
) -> list[Outcome]:
    """Returns the outcome of each stream with the given packed settings of the detector."""
    words = {label for label in labels if is_keyword(label)}
    return [match(one.stream, one.detect(settings, labels), words, hit_window_ms) for one in scores]


def with_thresholds(settings: bytes, thresholds: Sequence[int]) -> bytes:
    """Returns packed settings of the detector with other thresholds, (classes,) from 0 to 255."""
    patched = bytearray(settings)
    patched[lib.KWS_DETECTOR_HEAD_BYTES :: 2] = bytes(thresholds)
    return bytes(patched)


def thresholds_of(settings: bytes) -> list[int]:
    """Returns the thresholds of packed settings of the detector, (classes,)."""
    return list(settings[lib.KWS_DETECTOR_HEAD_BYTES :: 2])


def det_points(counts: ThresholdCounts, kinds: Sequence[str], in_use: int = 0) -> list[dict[str, Any]]:
    """Returns the detection error trade-off: one point per threshold at which a rate changes.

    Args:
        counts: counts at each threshold.
        kinds: kinds of the streams of the false accepts.
        in_use: threshold of the model. Lower thresholds are left out if they give more than ``MAX_PER_HOUR``.
    """
    curve: list[dict[str, Any]] = []
    for threshold in range(NUM_THRESHOLDS):
        if threshold < in_use and (counts.per_hour(threshold, kinds) or 0.0) > MAX_PER_HOUR:
            continue
        point = {
            "false_accepts_per_hour": counts.per_hour(threshold, kinds),
            "false_reject_rate": counts.false_reject_rate(threshold),
        }
        if not curve or point.items() - curve[-1].items():
            curve.append({"threshold": threshold, **point})
    return curve
