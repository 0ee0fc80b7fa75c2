"""The figures of streams: false accepts per hour, false reject rate, latency, double detections."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.streaming import intervals
from kwspipe.streaming.matching import Outcome
from kwspipe.streaming.streams import total_hours

# Where there is no speech without keywords, words that are none and noise stand in for it.
SAID: dict[tuple[str, ...], str] = {
    ("negative",): "speech without keywords",
    ("others", "noise"): "other words and noise",
    ("noise",): "noise",
    ("others",): "other words",
    (): "nothing: there is no sound without keywords",
}


@dataclass(frozen=True)
class Counting:
    """How outcomes are counted.

    Attributes:
        sample_rate_hz: of the streams.
        bootstrap_rounds: for the intervals over speakers.
        seed: of those.
    """

    sample_rate_hz: int
    bootstrap_rounds: int
    seed: int


def judged_kinds(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Returns the kinds of streams whose false accepts are the figure to go by."""
    present = {outcome.stream.kind for outcome in outcomes}
    if "negative" in present:
        return ("negative",)
    return tuple(kind for kind in ("others", "noise") if kind in present)


def measure(outcomes: Sequence[Outcome], labels: Sequence[str], counting: Counting) -> dict[str, Any]:
    """Measures what was heard.

    Args:
        outcomes: one a stream.
        labels: the words the model knows, without ``_unknown_`` and ``_silence_``.
        counting: sample rate, and how intervals are drawn.

    Returns:
        As ``metrics.json`` has it under ``streaming``; rates per hour, shares from 0 to 1, intervals of 95 % as pairs;
        what there was nothing to measure on is None.
    """
    kinds = judged_kinds(outcomes)
    judged = [outcome for outcome in outcomes if outcome.stream.kind in kinds]
    words = [outcome for outcome in outcomes if outcome.stream.kind == "words"]
    # Over speech: another figure, of a harder task, which would hide what noise does.
    headline = [outcome for outcome in words if outcome.stream.background != "speech"]
    rate = _false_accepts(judged, labels, counting)
    return {
        "false_accepts_per_hour": rate["per_hour"],
        "false_accepts_interval": rate["interval"],
        "false_accepts_on": SAID[kinds],
        "hours": rate["hours"],
        "snr_db": sorted({o.stream.snr_db for o in words if o.stream.snr_db is not None}, reverse=True),
        **_false_rejects(headline, counting),
        "latency_ms": _latency(headline),
        "double_detection_rate": _share(np.concatenate([np.zeros(0, bool), *map(_found_doubles, headline)])),
        "per_word": _per_word(judged, headline, labels, counting),
        "per_condition": [_condition(outcome, labels, counting) for outcome in words],
        "false_accepts": {
            kind: _false_accepts([o for o in outcomes if o.stream.kind == kind], labels, counting)
            for kind in sorted({outcome.stream.kind for outcome in outcomes})
        },
    }


def _false_rejects(outcomes: Sequence[Outcome], counting: Counting) -> dict[str, Any]:
    missed = np.concatenate([np.zeros(0, bool), *(outcome.missed for outcome in outcomes)])
    speakers = [o.stream.spoken[place].speaker for o in outcomes for place in o.keywords]
    return {
        "keywords": len(missed),
        "missed": int(missed.sum()),
        "speakers": len(set(speakers)),
        "false_reject_rate": _share(missed),
        "false_reject_interval": intervals.share_over_speakers(
            missed, speakers, counting.bootstrap_rounds, counting.seed
        ),
    }


def _false_accepts(outcomes: Sequence[Outcome], labels: Sequence[str], counting: Counting) -> dict[str, Any]:
    hours = total_hours([outcome.stream for outcome in outcomes], counting.sample_rate_hz)
    by_label = Counter(fired.detection.label for outcome in outcomes for fired in outcome.false_accepts)
    count = by_label.total()
    return {
        "hours": hours,
        "count": count,
        "per_hour": count / hours if hours else None,
        "interval": intervals.poisson(count, hours) if hours else None,
        "per_word": {label: by_label[label] for label in labels if by_label[label]},
    }


def _condition(outcome: Outcome, labels: Sequence[str], counting: Counting) -> dict[str, Any]:
    known = set(labels)
    others = [word.word for word in outcome.stream.spoken if word.word not in known]
    confused = [fired.word in known for fired in outcome.false_accepts if fired.word is not None]
    return {
        "background": outcome.stream.background,
        "snr_db": outcome.stream.snr_db,
        **_false_rejects([outcome], counting),
        "latency_ms": _latency([outcome]),
        "double_detection_rate": _share(_found_doubles(outcome)),
        "other_words": len(others),
        "other_words_that_fired": confused.count(False),
        "keywords_taken_for_another": confused.count(True),
        "fired_between_words": len(outcome.false_accepts) - len(confused),
    }


def _per_word(
    judged: Sequence[Outcome], words: Sequence[Outcome], labels: Sequence[str], counting: Counting
) -> dict[str, Any]:
    accepts = _false_accepts(judged, labels, counting)
    result = {}
    for label in labels:
        of_word = [_only(outcome, label) for outcome in words]
        count = accepts["per_word"].get(label, 0)
        hours = accepts["hours"]
        result[label] = {
            "false_accepts_per_hour": count / hours if hours else None,
            **_false_rejects(of_word, counting),
            "latency_ms": _latency(of_word),
        }
    return result


def _only(outcome: Outcome, label: str) -> Outcome:
    """Returns the outcome of one word's presentations."""
    of_word = np.array([outcome.stream.spoken[place].word == label for place in outcome.keywords], bool)
    return Outcome(
        outcome.stream, outcome.keywords[of_word], outcome.latency_ms[of_word], outcome.doubles[of_word], ()
    )


def _latency(outcomes: Sequence[Outcome]) -> dict[str, float] | None:
    """Median and 90th percentile from a word's end to its detection; the device's computing time comes on top."""
    times = np.concatenate([np.zeros(0), *(o.latency_ms[~o.missed] for o in outcomes)])
    if not times.size:
        return None
    return {"median": float(np.median(times)), "p90": float(np.quantile(times, 0.9))}


def _found_doubles(outcome: Outcome) -> npt.NDArray[np.bool_]:
    return outcome.doubles[~outcome.missed] > 0


def _share(values: npt.NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None
