"""Choice of thresholds: the fewest missed words under a target of false accepts per hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwspipe.streaming import curve, intervals
from kwspipe.streaming.curve import NUM_THRESHOLDS, ThresholdCounts
from kwspipe.streaming.scoring import StreamScores

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
        false_reject_rate: share of missed keywords.
    """

    thresholds: tuple[int, ...]
    target_per_hour: float
    kinds: tuple[str, ...]
    count: int
    hours: float
    false_reject_rate: float

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
    per_class: bool,
    hit_window_ms: float,
    sample_rate_hz: int,
) -> ThresholdChoice | None:
    """Returns the thresholds with the fewest missed keywords under the target.

    Args:
        scores: scores of the validation streams.
        settings: packed settings of the detector, of which the thresholds are replaced.
        labels: (classes,) labels.
        target_per_hour: maximum number of false accepts per hour in each kind of stream without keywords: speech, other
            words if there is no speech, and noise.
        per_class: one threshold per keyword with enough occurrences. If false, all keywords have the same threshold.
        hit_window_ms: see ``match``.
        sample_rate_hz: sample rate of the streams.

    Returns:
        The choice. None if there are no keywords or no audio without keywords, or if each threshold that meets the
        target misses all keywords.
    """
    counts = curve.count_at_thresholds(scores, settings, labels, hit_window_ms, sample_rate_hz)
    kinds = tuple(kind for kind in ("negative", "others", "noise") if counts.hours.get(kind))
    if not kinds or not counts.keywords.any():
        return None
    common = _common(counts, kinds, target_per_hour)
    thresholds = [common] * len(labels)
    evaluator = _Evaluator(scores, settings, labels, hit_window_ms, counts, kinds)
    best = evaluator.evaluate(thresholds, target_per_hour)
    for by_word in _per_class(counts, kinds, common) if per_class else []:
        own = dict(zip(counts.words, by_word, strict=True))
        candidate = evaluator.evaluate([own.get(label, common) for label in labels], target_per_hour)
        if candidate.meets_target and candidate.missed < best.missed:
            best = candidate
    return best.choice if best.meets_target and best.choice.false_reject_rate < 1 else None


@dataclass(frozen=True)
class _Candidate:
    choice: ThresholdChoice
    missed: int
    meets_target: bool


@dataclass(frozen=True)
class _Evaluator:
    """Evaluates thresholds with the detector, in which a detection of one keyword can suppress another."""

    scores: Sequence[StreamScores]
    settings: bytes
    labels: Sequence[str]
    hit_window_ms: float
    counts: ThresholdCounts
    kinds: tuple[str, ...]

    def evaluate(self, thresholds: Sequence[int], target_per_hour: float) -> _Candidate:
        streams = [one for one in self.scores if one.stream.kind in (*self.kinds, "words")]
        outcomes = curve.outcomes(
            [one for one in streams if one.stream.background != "speech"],
            curve.with_thresholds(self.settings, thresholds),
            self.labels,
            self.hit_window_ms,
        )
        missed = sum(int(outcome.missed.sum()) for outcome in outcomes)
        accepts = {
            kind: sum(len(outcome.false_accepts) for outcome in outcomes if outcome.stream.kind == kind)
            for kind in self.kinds
        }
        hours = {kind: self.counts.hours[kind] for kind in self.kinds}
        choice = ThresholdChoice(
            tuple(thresholds),
            target_per_hour,
            self.kinds,
            sum(accepts.values()),
            sum(hours.values()),
            missed / int(self.counts.keywords.sum()),
        )
        meets_target = all(accepts[kind] <= target_per_hour * hours[kind] for kind in self.kinds)
        return _Candidate(choice, missed, meets_target)


def _common(counts: ThresholdCounts, kinds: Sequence[str], target_per_hour: float) -> int:
    """Returns the highest of the thresholds with the fewest missed keywords under the target."""

    def meets_target(threshold: int) -> bool:
        return all((counts.per_hour(threshold, [kind]) or 0.0) <= target_per_hour for kind in kinds)

    allowed = [threshold for threshold in range(NUM_THRESHOLDS) if meets_target(threshold)]
    missed = counts.missed.sum(axis=1)
    return min(allowed, key=lambda threshold: (missed[threshold], -threshold))


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
