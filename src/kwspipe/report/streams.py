"""What the model does in long streams: false accepts an hour, missed words, latency, by condition and by word.

The figures are those of ``streaming`` in metrics.json; what is not there is left out.
"""

from collections.abc import Mapping
from typing import Any

from kwspipe.report.charts import det
from kwspipe.report.figures import DASH, bare, between, percent, rate

IN_USE, AS_GIVEN = "balanced", "training"  # styles of the marks on the curve
Streaming = Mapping[str, Any]


def section(streaming: Streaming) -> dict[str, Any]:
    """Returns what the template shows of streams."""
    given = streaming.get("as_given")
    marks: list[det.Mark] = [(IN_USE, "in use", streaming)]
    if given:
        marks.insert(0, (AS_GIVEN, "as given", given))
    return {
        "summary": _summary(streaming),
        "given": _given(streaming),
        "conditions": [
            _row(_condition(condition), condition) for condition in streaming.get("per_condition", ())
        ],
        "words": [
            _row(word, figures) | {"accepts": rate(figures.get("false_accepts_per_hour"))}
            for word, figures in streaming.get("per_word", {}).items()
        ],
        "kinds": [
            {
                "name": kind,
                "hours": f"{figures['hours']:.2f}",
                "count": figures["count"],
                "rate": rate(figures["per_hour"]),
                "interval": _interval(figures.get("interval")),
            }
            for kind, figures in streaming.get("false_accepts", {}).items()
        ],
        "det": det.draw(streaming.get("det", ()), streaming.get("hours") or 0.0, marks),
        "marks": [(style, f"{words}: {_thresholds(mark)}") for style, words, mark in marks],
    }


def _summary(streaming: Streaming) -> str:
    """What was heard, in a sentence."""
    accepts = streaming.get("false_accepts_per_hour")
    if accepts is None:
        return "No false accepts were counted: there is no sound without keywords."
    where = f" on {streaming['false_accepts_on']}" if streaming.get("false_accepts_on") else ""
    sure = _interval(streaming.get("false_accepts_interval"))
    hours = f" in {streaming['hours']:.2f} h" if streaming.get("hours") else ""
    likely = f" ({sure} likely)" if sure != DASH else ""
    return f"{rate(accepts)} false accepts an hour{likely}{hours}{where}, at {_thresholds(streaming)}."


def _given(streaming: Streaming) -> str:
    """What the thresholds of the configuration would have given, where others were chosen."""
    given = streaming.get("as_given")
    if not given or given.get("threshold") == streaming.get("threshold"):
        return ""
    return (
        f"At {_thresholds(given)}, as the configuration has it: {rate(given.get('false_accepts_per_hour'))} an hour, "
        f"{percent(given.get('false_reject_rate'))} of the words missed."
    )


def _row(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    latency = figures.get("latency_ms")
    bounds = figures.get("false_reject_interval")
    return {
        "name": name,
        "keywords": figures.get("keywords", 0),
        "missed": bare(figures.get("false_reject_rate")),
        "interval": between((bounds[0], bounds[1])) if bounds else DASH,
        "latency": f"{latency['median']:.0f}" if latency else DASH,
        "twice": bare(figures.get("double_detection_rate")),
    }


def _condition(condition: Mapping[str, Any]) -> str:
    if condition.get("snr_db") is None:
        return "clean"
    return f"{condition['snr_db']:g} dB over {condition['background']}"


def _thresholds(streaming: Streaming) -> str:
    values = sorted(set((streaming.get("thresholds") or {}).values()))
    if len(values) > 1:
        return f"thresholds {values[0]} to {values[-1]}"
    (value,) = values or [streaming.get("threshold", DASH)]
    return f"threshold {value}"


def _interval(bounds: Any) -> str:
    return f"{rate(bounds[0])}{DASH}{rate(bounds[1])}" if bounds else DASH
