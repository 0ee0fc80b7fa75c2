"""Choice of thresholds: the fewest missed words under a target of false accepts per hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwspipe.streaming import curve, intervals
from kwspipe.streaming.curve import NUM_THRESHOLDS, ThresholdCounts
from kwspipe.streaming.scoring import StreamScores
from kwspipe.streaming.streams import total_hours

KINDS = ("negative", "others", "noise")  # streams without keywords

# A keyword with fewer occurrences in validation gets the common threshold, because its own would be arbitrary.
MIN_KEYWORDS = 30
# Weights of a false accept relative to a missed word (Everett, Operations Research 11, 1963: Lagrange multipliers for
# integer problems).
WEIGHTS = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 141)])


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds and their figures on the streams of the choice.

    Attributes:
        thresholds: (classes,) threshold of each label.
        target_per_hour: maximum number of false accepts per hour.
        kinds: kinds of the streams, each of which meets the target.
        count: number of false accepts in all streams of these kinds.
        hours: total duration of these streams.
        per_hour: false accepts per hour in the kind with the most.
        missed: number of missed keywords.
        false_reject_rate: share of missed keywords.
    """

    thresholds: tuple[int, ...]
    target_per_hour: float
    kinds: tuple[str, ...]
    count: int
    hours: float
    per_hour: float
    missed: int
    false_reject_rate: float

    @property
    def meets_target(self) -> bool:
        """True if each kind of stream meets the target."""
        return self.per_hour <= self.target_per_hour

    @property
    def upper_per_hour(self) -> float:
        """Upper limit of the false accepts per hour with a confidence of 95 %."""
        return intervals.upper_rate(self.count, self.hours)

    @property
    def proven(self) -> bool:
        """True if the upper limit meets the target."""
        return self.upper_per_hour <= self.target_per_hour

    def facts(self) -> dict[str, Any]:
        """Returns the entries of summary.json."""
        return {
            "target_false_accepts_per_hour": self.target_per_hour,
            "judged_on": list(self.kinds),
            "false_accepts": self.count,
            "hours": self.hours,
            "upper_false_accepts_per_hour": self.upper_per_hour,
            "proven": self.proven,
            "false_reject_rate": self.false_reject_rate,
        }


def choose(
    scores: Sequence[StreamScores],
    settings: bytes,
    labels: Sequence[str],
    target_per_hour: float,
    max_missed_fraction: float,
    per_class: bool,
    hit_window_ms: float,
    sample_rate_hz: int,
) -> ThresholdChoice | None:
    """Returns the thresholds with the fewest missed keywords under the target.

    If these thresholds miss more than ``max_missed_fraction`` of the keywords, the highest common threshold that misses
    at most this fraction is returned instead, if it is above the threshold in ``settings``.

    Args:
        scores: scores of the validation streams.
        settings: packed settings of the detector, of which the thresholds are replaced.
        labels: (classes,) labels.
        target_per_hour: maximum number of false accepts per hour in each kind of stream without keywords: speech, other
            words if there is no speech, and noise.
        max_missed_fraction: maximum share of missed keywords, which takes precedence over the target.
        per_class: one threshold per keyword with enough occurrences. If false, all keywords have the same threshold.
        hit_window_ms: see ``match``.
        sample_rate_hz: sample rate of the streams.

    Returns:
        The choice. None if there are no keywords or no audio without keywords, or if each higher threshold
        misses too many keywords.
    """
    counts = curve.count_at_thresholds(scores, settings, labels, hit_window_ms, sample_rate_hz)
    kinds = tuple(kind for kind in KINDS if counts.hours.get(kind))
    if not kinds or not counts.keywords.any():
        return None
    common = _common(counts, kinds, target_per_hour)
    candidates = [[common] * len(labels)]
    for by_word in _per_class(counts, kinds, common) if per_class else []:
        own = dict(zip(counts.words, by_word, strict=True))
        candidates.append([own.get(label, common) for label in labels])
    limit = _highest_within(counts, max_missed_fraction)
    limited = [[limit] * len(labels)] if limit > max(curve.thresholds_of(settings)) else []
    evaluated = [
        choice
        for one in (*candidates, *limited)
        if (
            choice := evaluate(
                scores,
                curve.with_thresholds(settings, one),
                labels,
                target_per_hour,
                hit_window_ms,
                sample_rate_hz,
            )
        )
    ]
    allowed = [choice for choice in evaluated if choice.false_reject_rate <= max_missed_fraction]
    return min(allowed, key=lambda choice: (not choice.meets_target, choice.missed), default=None)


def evaluate(
    scores: Sequence[StreamScores],
    settings: bytes,
    labels: Sequence[str],
    target_per_hour: float,
    hit_window_ms: float,
    sample_rate_hz: int,
) -> ThresholdChoice | None:
    """Returns the figures of the thresholds in ``settings``; None without keywords or without audio without keywords.

    The detector runs with these thresholds, because a detection of one keyword can suppress another. The arguments are
    those of ``choose``.
    """
    scores = [one for one in scores if one.stream.background != "speech"]
    outcomes = curve.outcomes(scores, settings, labels, hit_window_ms)
    by_kind = {kind: [one for one in outcomes if one.stream.kind == kind] for kind in (*KINDS, "words")}
    durations = {kind: total_hours([o.stream for o in by_kind[kind]], sample_rate_hz) for kind in KINDS}
    hours = {kind: duration for kind, duration in durations.items() if duration}
    accepts = {kind: sum(len(one.false_accepts) for one in by_kind[kind]) for kind in hours}
    missed = sum(int(one.missed.sum()) for one in by_kind["words"])
    keywords = sum(len(one.keywords) for one in by_kind["words"])
    if not hours or not keywords:
        return None
    return ThresholdChoice(
        tuple(curve.thresholds_of(settings)),
        target_per_hour,
        tuple(hours),
        sum(accepts.values()),
        sum(hours.values()),
        max(accepts[kind] / hours[kind] for kind in hours),
        missed,
        missed / keywords,
    )


def _common(counts: ThresholdCounts, kinds: Sequence[str], target_per_hour: float) -> int:
    """Returns the highest of the thresholds with the fewest missed keywords under the target."""

    def meets_target(threshold: int) -> bool:
        return all((counts.per_hour(threshold, [kind]) or 0.0) <= target_per_hour for kind in kinds)

    allowed = [threshold for threshold in range(NUM_THRESHOLDS) if meets_target(threshold)]
    missed = counts.missed.sum(axis=1)
    return min(allowed, key=lambda threshold: (missed[threshold], -threshold))


def _highest_within(counts: ThresholdCounts, max_missed_fraction: float) -> int:
    """Returns the highest common threshold that misses at most a fraction of the keywords, -1 if there is none."""
    within = np.flatnonzero(counts.missed.sum(axis=1) <= max_missed_fraction * counts.keywords.sum())
    return int(within[-1]) if within.size else -1


def _per_class(counts: ThresholdCounts, kinds: Sequence[str], common: int) -> list[tuple[int, ...]]:
    """Returns sets of thresholds by keyword, one for each weight of a false accept relative to a missed keyword."""
    accepts = np.sum([counts.false_accepts[kind] for kind in kinds], axis=0)
    frequent = counts.keywords >= MIN_KEYWORDS
    sets: dict[tuple[int, ...], None] = {}
    for weight in WEIGHTS:
        # (256, words). The order is reversed, because argmin returns the first of equal costs: the highest threshold.
        cost = (counts.missed + weight * accepts)[::-1]
        best = NUM_THRESHOLDS - 1 - cost.argmin(axis=0)
        sets[tuple(int(threshold) for threshold in np.where(frequent, best, common))] = None
    return list(sets)
