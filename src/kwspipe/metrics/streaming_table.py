"""Terminal table of the streaming metrics."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_streaming(streaming: Mapping[str, Any], console: Console) -> None:
    """Prints false accepts, false rejects and latency.

    Args:
        streaming: ``streaming`` of metrics.json.
        console: the console.
    """
    console.print(_table(streaming))
    if streaming["false_accepts_per_hour"] is None:
        text = Text("False accepts were not counted: there is no audio without keywords.", style="yellow")
    else:
        text = Text(_false_accepts(streaming))
    console.print(text)


def _table(streaming: Mapping[str, Any]) -> Table:
    """Returns the table of missed keywords and latency, with one row per noise condition."""
    table = Table(title="Streams", title_justify="left", title_style="bold", header_style="bold")
    for name in ("words", "keywords", "missed", "95 %", "latency", "twice"):
        table.add_column(name, justify="left" if name == "words" else "right", no_wrap=True)
    for condition in streaming["per_condition"]:
        latency = condition["latency_ms"]
        table.add_row(
            _condition(condition),
            str(condition["keywords"]),
            _percent(condition["false_reject_rate"]),
            _interval(condition["false_reject_interval"], 100, " %"),
            f"{latency['median']:.0f} ms" if latency else "-",
            _percent(condition["double_detection_rate"]),
        )
    return table


def _false_accepts(streaming: Mapping[str, Any]) -> str:
    """Returns false accepts and thresholds, and the metrics at the configured threshold if another one was chosen."""
    rate = streaming["false_accepts_per_hour"]
    thresholds = sorted(set(streaming["thresholds"].values()))
    used_text = (
        f"threshold {thresholds[0]}"
        if len(thresholds) == 1
        else f"thresholds {thresholds[0]} to {thresholds[-1]}"
    )
    text = (
        f"{rate:.1f} false accepts per hour ({_interval(streaming['false_accepts_interval'], 1, '')}) on "
        f"{streaming['hours']:.2f} h of {streaming['false_accepts_on']}, at {used_text}."
    )
    configured = streaming.get("as_given")
    if configured and configured["threshold"] != streaming["threshold"]:
        text += (
            f" At the configured threshold {configured['threshold']}: {configured['false_accepts_per_hour']:.1f} per "
            f"hour, {_percent(configured['false_reject_rate'])} missed instead of "
            f"{_percent(streaming['false_reject_rate'])}."
        )
    return text


def _condition(condition: Mapping[str, Any]) -> str:
    if condition["snr_db"] is None:
        return "clean"
    return f"{condition['snr_db']:g} dB over {condition['background']}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _interval(interval: tuple[float, float] | None, factor: float, unit: str) -> str:
    return "-" if interval is None else f"{factor * interval[0]:.1f} to {factor * interval[1]:.1f}{unit}"
