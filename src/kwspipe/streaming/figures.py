"""Figures of streams: false accepts per hour, false reject rate, latency and double detections."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.streaming import intervals
from kwspipe.streaming.matching import Outcome
from kwspipe.streaming.streams import Stream, total_hours

# Names of the kinds of streams on which false accepts are counted. Without keyword-free speech, other words and noise
# are used.
NAMES: dict[tuple[str, ...], str] = {
    ("negative",): "speech without keywords",
    ("others", "noise"): "other words and noise",
    ("noise",): "noise",
    ("others",): "other words",
    (): "nothing: there is no sound without keywords",
}


@dataclass(frozen=True)
class FigureSettings:
    """Settings of the figures.

    Attributes:
        sample_rate_hz: sample rate of the streams.
        bootstrap_rounds: rounds of the bootstrap over speakers.
        seed: seed of the bootstrap.
    """

    sample_rate_hz: int
    bootstrap_rounds: int
    seed: int


def false_accept_kinds(streams: Sequence[Stream]) -> tuple[str, ...]:
    """Returns the kinds of streams on which the false accepts per hour are counted."""
    present = {stream.kind for stream in streams}
    if "negative" in present:
        return ("negative",)
    return tuple(kind for kind in ("others", "noise") if kind in present)


def measure(outcomes: Sequence[Outcome], labels: Sequence[str], settings: FigureSettings) -> dict[str, Any]:
    """Returns the figures of streams.

    Args:
        outcomes: outcome of each stream.
        labels: the keywords of the model.
        settings: sample rate and bootstrap.

    Returns:
        The entry ``streaming`` of ``metrics.json``. Rates are per hour, shares are from 0 to 1, and intervals are pairs
        with a confidence of 95 %. A figure without data is None.
    """
    kinds = false_accept_kinds([outcome.stream for outcome in outcomes])
    counted = [outcome for outcome in outcomes if outcome.stream.kind in kinds]
    words = [outcome for outcome in outcomes if outcome.stream.kind == "words"]
    # Words over speech are a harder task and are listed in per_condition only.
    main = [outcome for outcome in words if outcome.stream.background != "speech"]
    rate = _false_accepts(counted, labels, settings)
    return {
        "false_accepts_per_hour": rate["per_hour"],
        "false_accepts_interval": rate["interval"],
        "false_accepts_on": NAMES[kinds],
        "hours": rate["hours"],
        "snr_db": sorted({o.stream.snr_db for o in words if o.stream.snr_db is not None}, reverse=True),
        **_false_rejects(main, settings),
        "latency_ms": _latency(main),
        "double_detection_rate": _share(np.concatenate([np.zeros(0, bool), *map(_has_double, main)])),
        "per_word": _per_word(counted, main, labels, settings),
        "per_condition": [_condition(outcome, labels, settings) for outcome in words],
        "false_accepts": {
            kind: _false_accepts([o for o in outcomes if o.stream.kind == kind], labels, settings)
            for kind in sorted({outcome.stream.kind for outcome in outcomes})
        },
    }


def _false_rejects(outcomes: Sequence[Outcome], settings: FigureSettings) -> dict[str, Any]:
    missed = np.concatenate([np.zeros(0, bool), *(outcome.missed for outcome in outcomes)])
    speakers = [o.stream.spoken[index].speaker for o in outcomes for index in o.keywords]
    return {
        "keywords": len(missed),
        "missed": int(missed.sum()),
        "speakers": len(set(speakers)),
        "false_reject_rate": _share(missed),
        "false_reject_interval": intervals.share_over_speakers(
            missed, speakers, settings.bootstrap_rounds, settings.seed
        ),
    }


def _false_accepts(
    outcomes: Sequence[Outcome], labels: Sequence[str], settings: FigureSettings
) -> dict[str, Any]:
    hours = total_hours([outcome.stream for outcome in outcomes], settings.sample_rate_hz)
    by_label = Counter(accept.detection.label for outcome in outcomes for accept in outcome.false_accepts)
    count = by_label.total()
    return {
        "hours": hours,
        "count": count,
        "per_hour": count / hours if hours else None,
        "interval": intervals.poisson(count, hours) if hours else None,
        "per_word": {label: by_label[label] for label in labels if by_label[label]},
    }


def _condition(outcome: Outcome, labels: Sequence[str], settings: FigureSettings) -> dict[str, Any]:
    keywords = set(labels)
    others = [word.word for word in outcome.stream.spoken if word.word not in keywords]
    confused = [accept.word in keywords for accept in outcome.false_accepts if accept.word is not None]
    return {
        "background": outcome.stream.background,
        "snr_db": outcome.stream.snr_db,
        **_false_rejects([outcome], settings),
        "latency_ms": _latency([outcome]),
        "double_detection_rate": _share(_has_double(outcome)),
        "other_words": len(others),
        "other_words_that_fired": confused.count(False),
        "keywords_taken_for_another": confused.count(True),
        "fired_between_words": len(outcome.false_accepts) - len(confused),
    }


def _per_word(
    counted: Sequence[Outcome], words: Sequence[Outcome], labels: Sequence[str], settings: FigureSettings
) -> dict[str, Any]:
    accepts = _false_accepts(counted, labels, settings)
    result = {}
    for label in labels:
        of_word = [_of_word(outcome, label) for outcome in words]
        count = accepts["per_word"].get(label, 0)
        hours = accepts["hours"]
        result[label] = {
            "false_accepts_per_hour": count / hours if hours else None,
            **_false_rejects(of_word, settings),
            "latency_ms": _latency(of_word),
        }
    return result


def _of_word(outcome: Outcome, label: str) -> Outcome:
    """Returns the outcome without the other keywords."""
    kept = np.array([outcome.stream.spoken[index].word == label for index in outcome.keywords], bool)
    return Outcome(
        outcome.stream, outcome.keywords[kept], outcome.latency_ms[kept], outcome.doubles[kept], ()
    )


def _latency(outcomes: Sequence[Outcome]) -> dict[str, float] | None:
    """Returns median and 90th percentile of the latency, without the computing time of a device."""
    times = np.concatenate([np.zeros(0), *(o.latency_ms[~o.missed] for o in outcomes)])
    if not times.size:
        return None
    return {"median": float(np.median(times)), "p90": float(np.quantile(times, 0.9))}


def _has_double(outcome: Outcome) -> npt.NDArray[np.bool_]:
    return outcome.doubles[~outcome.missed] > 0


def _share(values: npt.NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None
