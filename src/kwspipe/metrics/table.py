"""Results tables in the terminal: recall and precision per class, totals and streaming metrics."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kwspipe.metrics.streaming_table import print_streaming
from kwspipe.runs.metrics_content import FORMS, TOTALS, words_over_noise

# A share below POOR is shown in red, a share of at least GOOD in green.
POOR, GOOD = 0.8, 0.95


def print_results(metrics: Mapping[str, Any], console: Console) -> None:
    """Prints the results of a run.

    Args:
        metrics: content of metrics.json. ``float``, ``int8`` and ``device`` are results of ``clips.measure``. ``data``
            is the summary of the stage prepare. ``parity`` is the number of clips on which the code of the device and
            the reference kernels have equal outputs. ``in_noise`` and ``streaming`` are the metrics in noise and in
            streams. All but ``int8`` are optional.
        console: the console.
    """
    forms = [form for form in FORMS if form in metrics]
    console.print()
    console.print(_per_class(metrics, [form for form in forms if form != "device"]))
    console.print(_totals(metrics, forms))
    if "parity" in metrics:
        parity = metrics["parity"]
        style = "green" if parity["equal"] == parity["clips"] else "bold red"
        text = (
            f"The device's code equals the reference kernels on {parity['equal']} of {parity['clips']} clips."
        )
        console.print(Text(text, style=style))
    if "streaming" in metrics:
        print_streaming(metrics["streaming"], console)
    warning = synthetic_warning(metrics.get("data", {}))
    if warning:
        console.print(Text(warning, style="bold yellow"))


def synthetic_warning(data: Mapping[str, Any]) -> str | None:
    """Returns a note if all clips, or some training clips, are synthetic speech, and None otherwise.

    Args:
        data: summary of the stage prepare.
    """
    added = sum(data.get("synthetic_training_clips", {}).values())
    if not data.get("synthetic"):
        return (
            f"{added} training clips are synthetic speech. The test clips are recordings." if added else None
        )
    return (
        f"Warning: all clips are synthetic speech (source {data.get('source_used', 'unknown')}), in training and in "
        "this test. The metrics do not predict the accuracy on human speech. Use recordings: dataset.root."
    )


def _per_class(metrics: Mapping[str, Any], forms: list[str]) -> Table:
    table = Table(title="Test clips by class", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("class", no_wrap=True)
    table.add_column("clips", justify="right")
    for form in forms:
        table.add_column(f"{form}\nrecall", justify="right")
        table.add_column("\nprecision", justify="right")
    for label, per_class in metrics[forms[0]]["per_class"].items():
        cells = [
            _percent(metrics[form]["per_class"][label][metric])
            for form in forms
            for metric in ("recall", "precision")
        ]
        table.add_row(label, str(per_class["clips"]), *cells)
    return table


def _totals(metrics: Mapping[str, Any], forms: list[str]) -> Table:
    table = Table(title="Totals", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("share of", no_wrap=True)
    for form in forms:
        table.add_column(form, justify="right")
    for key, title in TOTALS.items():
        table.add_row(title, *(_percent(metrics[form].get(key)) for form in forms))
    for snr_db, shares in words_over_noise(metrics, forms):
        table.add_row(f"words right at {snr_db:g} dB over noise", *map(_percent, shares))
    hard = metrics.get("data", {}).get("hard_negatives", {})
    for kind in (kind for kind in metrics[forms[0]].get("rejected", {}) if kind in hard):
        name = f"  {kind.replace('_', ' ')} not called a word"
        table.add_row(name, *(_percent(metrics[form]["rejected"].get(kind)) for form in forms))
    return table


def _percent(value: float | None) -> Text:
    if value is None:
        return Text("-", style="dim")
    style = "red" if value < POOR else "green" if value >= GOOD else ""
    return Text(f"{100 * value:.1f} %", style=style)
