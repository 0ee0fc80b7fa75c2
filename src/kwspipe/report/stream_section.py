"""Streaming section of the report: false accepts per hour, missed keywords and latency, by condition and keyword.

The figures are those of ``streaming`` in metrics.json. Figures that do not exist are not shown.
"""

import json
from collections.abc import Mapping
from typing import Any

from kwspipe.config.threshold_text import FULL_SCORE, threshold_text
from kwspipe.report.charts import det
from kwspipe.report.formatting import (
    DASH,
    THIN,
    percent,
    percent_interval,
    percent_number,
    rate,
    rate_interval,
)

IN_USE, CONFIGURED = "balanced", "training"  # styles of the marks on the curve
Streaming = Mapping[str, Any]


def section(streaming: Streaming) -> dict[str, Any]:
    """Returns the values of the template streaming.html.j2."""
    configured = streaming.get("as_given")
    marks = [det.Mark(IN_USE, f"in use: {_percents(streaming)}", streaming)]
    if configured:
        marks.append(det.Mark(CONFIGURED, f"configured: {_percents(configured)}", configured))
    thresholds = streaming.get("thresholds") or {}
    return {
        "summary": _summary(streaming),
        "configured": _configured(streaming),
        "conditions": [
            _row(_condition(condition), condition) for condition in streaming.get("per_condition", ())
        ],
        "words": [
            _row(word, figures)
            | {
                "accepts": rate(figures.get("false_accepts_per_hour")),
                "threshold": _threshold(thresholds[word]) if word in thresholds else DASH,
            }
            for word, figures in streaming.get("per_word", {}).items()
        ],
        "kinds": [
            {
                "name": kind,
                "hours": f"{figures['hours']:.2f}",
                "count": figures["count"],
                "rate": rate(figures["per_hour"]),
                "interval": rate_interval(figures.get("interval")),
            }
            for kind, figures in streaming.get("false_accepts", {}).items()
        ],
        "det": det.draw(streaming.get("det", ()), streaming.get("hours") or 0.0, marks),
        "thresholds": _choices(streaming),
        "by_word": len(set(thresholds.values())) > 1,
        "marks": [
            (mark.style, f"{mark.name.partition(':')[0]}: {_thresholds(mark.figures)}") for mark in marks
        ],
    }


def _choices(streaming: Streaming) -> dict[str, Any] | None:
    """Returns start and end of the slider, and the figures of the curve as JSON; None without two thresholds.

    The figures of a threshold hold up to the next one in the list, as in ``curve.det_points``.
    """
    points = [
        point for point in streaming.get("det", ()) if None not in point.values() and "threshold" in point
    ]
    values = _values(streaming)
    if len(points) < 2 or not values:
        return None
    figures = [
        [
            point["threshold"],
            f"{rate(point['false_accepts_per_hour'])} false accepts per hour, "
            f"{percent(point['false_reject_rate'])} of the keywords missed",
        ]
        for point in points
    ]
    low = points[0]["threshold"]
    return {"low": low, "high": FULL_SCORE, "start": max(values[-1], low), "figures": json.dumps(figures)}


def _summary(streaming: Streaming) -> str:
    """Returns the false accepts, the duration of the streams and the thresholds, as a sentence."""
    accepts = streaming.get("false_accepts_per_hour")
    if accepts is None:
        return "False accepts were not counted, because there is no audio without keywords."
    bounds = streaming.get("false_accepts_interval")
    interval = f" (95{THIN}% interval {rate_interval(bounds)})" if bounds else ""
    hours = f" in {streaming['hours']:.2f} h" if streaming.get("hours") else ""
    sound = f" of {streaming['false_accepts_on']}" if streaming.get("false_accepts_on") else ""
    return f"{rate(accepts)} false accepts per hour{interval}{hours}{sound}, at {_thresholds(streaming)}."


def _configured(streaming: Streaming) -> str:
    """Returns the figures at the configured thresholds as a sentence, if other thresholds are in use."""
    configured = streaming.get("as_given")
    if not configured or configured.get("threshold") == streaming.get("threshold"):
        return ""
    return (
        f"At the configured {_thresholds(configured)}: {rate(configured.get('false_accepts_per_hour'))} false accepts "
        f"per hour, {percent(configured.get('false_reject_rate'))} of the keywords missed."
    )


def _row(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    latency = figures.get("latency_ms")
    bounds = figures.get("false_reject_interval")
    return {
        "name": name,
        "keywords": figures.get("keywords", 0),
        "missed": percent_number(figures.get("false_reject_rate")),
        "interval": percent_interval((bounds[0], bounds[1])) if bounds else DASH,
        "latency": f"{latency['median']:.0f}" if latency else DASH,
        "double": percent_number(figures.get("double_detection_rate")),
    }


def _condition(condition: Mapping[str, Any]) -> str:
    if condition.get("snr_db") is None:
        return "clean"
    return f"{condition['snr_db']:g} dB over {condition['background']}"


def _thresholds(streaming: Streaming) -> str:
    """Returns the thresholds as they are set and as percent."""
    values = _values(streaming)
    if len(values) > 1:
        return f"thresholds {_threshold(values[0])} to {_threshold(values[-1])}"
    return f"threshold {_threshold(values[0])}" if values else f"threshold {DASH}"


def _threshold(value: float) -> str:
    return threshold_text(value).replace(" %", f"{THIN}%")


def _percents(streaming: Streaming) -> str:
    """Returns the smallest and the largest threshold as percent of the largest score."""
    percents = [f"{100 * value / FULL_SCORE:.0f}" for value in _values(streaming)] or [DASH]
    return DASH.join(dict.fromkeys((percents[0], percents[-1]))) + f"{THIN}%"


def _values(streaming: Streaming) -> list[float]:
    """Returns the thresholds of the keywords in ascending order, each once."""
    values = sorted(set((streaming.get("thresholds") or {}).values()))
    single = streaming.get("threshold")
    return values or ([] if single is None else [single])
