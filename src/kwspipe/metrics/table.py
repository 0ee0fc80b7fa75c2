"""The table at the end of a run: what the model is worth, float and int8 side by side."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kwspipe.metrics.streaming_table import print_streaming
from kwspipe.runs.metrics_content import FORMS, TOTALS, words_over_noise

# A recall or precision below this is shown in red, one above the other in green.
POOR, GOOD = 0.8, 0.95


def print_results(metrics: Mapping[str, Any], console: Console) -> None:
    """Prints the results of a run.

    Args:
        metrics: as metrics.json has them: ``float``, ``int8`` and, where a device was measured, ``device``,
            each as ``clips.measure`` returns it; ``data``, the summary of prepare; ``parity``, on how many clips the
            device's code gives the reference kernels' outputs bit for bit; ``streaming``, what was heard in streams;
            ``in_noise``, clips over noise.
        console: where to.
    """
    kinds = [kind for kind in FORMS if kind in metrics]
    console.print()
    console.print(_per_class(metrics, [kind for kind in kinds if kind != "device"]))
    console.print(_totals(metrics, kinds))
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
    """Returns the line to print where clips are synthetic speech, all or some of training, or None.

    Args:
        data: the summary of prepare.
    """
    added = sum(data.get("synthetic_training_clips", {}).values())
    if not data.get("synthetic"):
        return (
            f"{added} clips of training are synthetic speech; the figures are of recordings."
            if added
            else None
        )
    return (
        f"Warning: all clips are synthetic speech (source {data.get('source_used', 'unknown')}), in training and in "
        "this test. The figures say little of how real people are understood; recordings in dataset.root would tell."
    )


def _per_class(metrics: Mapping[str, Any], kinds: list[str]) -> Table:
    table = Table(title="Test clips by class", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("class", no_wrap=True)
    table.add_column("clips", justify="right")
    for kind in kinds:
        table.add_column(f"{kind}\nrecall", justify="right")
        table.add_column("\nprecision", justify="right")
    for label, first in metrics[kinds[0]]["per_class"].items():
        cells = [
            _percent(metrics[kind]["per_class"][label][figure])
            for kind in kinds
            for figure in ("recall", "precision")
        ]
        table.add_row(label, str(first["clips"]), *cells)
    return table


def _totals(metrics: Mapping[str, Any], kinds: list[str]) -> Table:
    table = Table(title="Together", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("share of", no_wrap=True)
    for kind in kinds:
        table.add_column(kind, justify="right")
    for figure, meaning in TOTALS.items():
        table.add_row(meaning, *(_percent(metrics[kind].get(figure)) for kind in kinds))
    for snr_db, shares in words_over_noise(metrics, kinds):
        table.add_row(f"words right at {snr_db:g} dB over noise", *map(_percent, shares))
    hard = metrics.get("data", {}).get("hard_negatives", {})
    for made in (made for made in metrics[kinds[0]].get("rejected", {}) if made in hard):
        meaning = f"  {made.replace('_', ' ')} not called a word"
        table.add_row(meaning, *(_percent(metrics[kind]["rejected"].get(made)) for kind in kinds))
    return table


def _percent(value: float | None) -> Text:
    if value is None:
        return Text("-", style="dim")
    style = "red" if value < POOR else "green" if value >= GOOD else ""
    return Text(f"{100 * value:.1f} %", style=style)
