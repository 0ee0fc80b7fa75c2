"""Thresholds for a target of false accepts per hour: as few missed words as it allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwspipe.streaming import curve, intervals
from kwspipe.streaming.curve import NUM_THRESHOLDS, Sweep
from kwspipe.streaming.scoring import StreamScores

# A word heard less often in validation gets the common threshold: its own would be chance.
MIN_KEYWORDS = 30
# Weights of a false accept against a missed word, from "never mind" to "never": the best choice under a target is one
# of these (Everett, Operations Research 11, 1963: Lagrange multipliers for integer problems).
WEIGHTS = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 141)])


@dataclass(frozen=True)
class Choice:
    """Thresholds, and what they are worth on the streams they were chosen on.

    Attributes:
        thresholds: (classes,) in the order of the labels.
        target_per_hour: false accepts asked for.
        kinds: the streams judged; in each kind of them the target is kept.
        count: false accepts in all of those.
        hours: how long they are together.
        false_reject_rate: share of the keywords missed.
    """

    thresholds: tuple[int, ...]
    target_per_hour: float
    kinds: tuple[str, ...]
    count: int
    hours: float
    false_reject_rate: float

    @property
    def upper_per_hour(self) -> float:
        """The rate that is not exceeded with a confidence of 95 %."""
        return intervals.upper_rate(self.count, self.hours)

    @property
    def proven(self) -> bool:
        """Whether the streams were long enough to say that the target is kept."""
        return self.upper_per_hour <= self.target_per_hour

    def facts(self) -> dict[str, Any]:
        """Returns what reports say of it."""
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
    heard: Sequence[StreamScores],
    settings: bytes,
    labels: Sequence[str],
    target_per_hour: float,
    per_class: bool,
    hit_window_ms: float,
    sample_rate_hz: int,
) -> Choice | None:
    """Chooses thresholds on streams that were listened to.

    Args:
        heard: scores of validation's streams.
        settings: of the detector; all but its thresholds is kept.
        labels: (classes,) in the order of the scores.
        target_per_hour: false accepts allowed, in each kind of stream without keywords: speech, or in its place other
            words, and noise.
        per_class: one a word, where a word was heard often enough; else the same for all.
        hit_window_ms: as in ``match``.
        sample_rate_hz: of the streams.

    Returns:
        The choice; None where there are no keywords, or no sound without them, or where no threshold finds any word and
        keeps to the target.
    """
    counts = curve.sweep(heard, settings, labels, hit_window_ms, sample_rate_hz)
    kinds = tuple(kind for kind in ("negative", "others", "noise") if counts.hours.get(kind))
    if not kinds or not counts.keywords.any():
        return None
    common = _common(counts, kinds, target_per_hour)
    thresholds = [common] * len(labels)
    measure = _Measure(heard, settings, labels, hit_window_ms, counts, kinds)
    best = measure.of(thresholds, target_per_hour)
    for words in _per_class(counts, kinds, common) if per_class else []:
        own = dict(zip(counts.words, words, strict=True))
        candidate = measure.of([own.get(label, common) for label in labels], target_per_hour)
        if candidate.keeps and candidate.missed < best.missed:
            best = candidate
    return best.choice if best.keeps and best.choice.false_reject_rate < 1 else None


@dataclass(frozen=True)
class _Measured:
    choice: Choice
    missed: int
    keeps: bool


@dataclass(frozen=True)
class _Measure:
    """Runs the detector with thresholds of each class, which may suppress one another."""

    heard: Sequence[StreamScores]
    settings: bytes
    labels: Sequence[str]
    hit_window_ms: float
    counts: Sweep
    kinds: tuple[str, ...]

    def of(self, thresholds: Sequence[int], target_per_hour: float) -> _Measured:
        streams = [one for one in self.heard if one.stream.kind in (*self.kinds, "words")]
        outcomes = curve.outcomes(
            [one for one in streams if one.stream.background != "speech"],
            curve.with_thresholds(self.settings, thresholds),
            self.labels,
            self.hit_window_ms,
        )
        missed = sum(int(outcome.missed.sum()) for outcome in outcomes)
        fired = {
            kind: sum(len(outcome.false_accepts) for outcome in outcomes if outcome.stream.kind == kind)
            for kind in self.kinds
        }
        hours = {kind: self.counts.hours[kind] for kind in self.kinds}
        choice = Choice(
            tuple(thresholds),
            target_per_hour,
            self.kinds,
            sum(fired.values()),
            sum(hours.values()),
            missed / int(self.counts.keywords.sum()),
        )
        keeps = all(fired[kind] <= target_per_hour * hours[kind] for kind in self.kinds)
        return _Measured(choice, missed, keeps)


def _common(counts: Sweep, kinds: Sequence[str], target_per_hour: float) -> int:
    """Returns the threshold with the fewest words missed under the target; of equal ones the highest."""

    def keeps(threshold: int) -> bool:
        return all((counts.per_hour(threshold, [kind]) or 0.0) <= target_per_hour for kind in kinds)

    allowed = [threshold for threshold in range(NUM_THRESHOLDS) if keeps(threshold)]
    missed = counts.missed.sum(axis=1)
    return min(allowed, key=lambda threshold: (missed[threshold], -threshold))


def _per_class(counts: Sweep, kinds: Sequence[str], common: int) -> list[tuple[int, ...]]:
    """Returns thresholds by word, one set for each weight of a false accept against a missed word."""
    accepts = np.sum([counts.false_accepts[kind] for kind in kinds], axis=0)
    frequent = counts.keywords >= MIN_KEYWORDS
    found: dict[tuple[int, ...], None] = {}
    for weight in WEIGHTS:
        cost = (counts.missed + weight * accepts)[
            ::-1
        ]  # (256, words), so that of equal ones the highest is first
        best = NUM_THRESHOLDS - 1 - cost.argmin(axis=0)
        found[tuple(int(threshold) for threshold in np.where(frequent, best, common))] = None
    return list(found)
