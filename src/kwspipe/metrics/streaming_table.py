"""What is printed of the streams."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_streaming(streaming: Mapping[str, Any], console: Console) -> None:
    """Prints false accepts, false rejects and latency.

    Args:
        streaming: as metrics.json has it.
        console: where to.
    """
    console.print(_table(streaming))
    if streaming["false_accepts_per_hour"] is None:
        text = Text("No false accepts were counted: there is no sound without keywords.", style="yellow")
    else:
        text = Text(_false_accepts(streaming))
    console.print(text)


def _table(streaming: Mapping[str, Any]) -> Table:
    """Keywords found and missed, a row a condition."""
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
    """False accepts, and what the threshold chosen for them costs."""
    rate = streaming["false_accepts_per_hour"]
    thresholds = sorted(set(streaming["thresholds"].values()))
    used = (
        f"threshold {thresholds[0]}"
        if len(thresholds) == 1
        else f"thresholds {thresholds[0]} to {thresholds[-1]}"
    )
    text = (
        f"{rate:.1f} false accepts an hour ({_interval(streaming['false_accepts_interval'], 1, '')}) on "
        f"{streaming['hours']:.2f} h of {streaming['false_accepts_on']}, at {used}."
    )
    given = streaming.get("as_given")
    if given and given["threshold"] != streaming["threshold"]:
        text += (
            f" At {given['threshold']}, as given: {given['false_accepts_per_hour']:.1f} an hour, "
            f"{_percent(given['false_reject_rate'])} missed instead of {_percent(streaming['false_reject_rate'])}."
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
