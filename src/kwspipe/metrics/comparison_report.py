"""Output of a comparison: terminal tables, CSV and Markdown."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwspipe.metrics import comparison_text as text
from kwspipe.metrics.comparison import Comparison, Verdict

VERDICT_COLUMNS = ("share of", "clips", "first only", "this only", "difference, 95 %", "p", "verdict")
UNLIMITED = 10_000  # columns of a terminal on which every table fits
STYLES = {"better": "green", "worse": "red"}


def write(comparison: Comparison, folder: Path) -> None:
    """Writes comparison.csv, significance.csv and comparison.md in ``folder``."""
    with (folder / "comparison.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("section", "figure", *comparison.runs))
        writer.writerows((row.section, row.figure, *map(_csv_value, row.values)) for row in comparison.rows)
    with (folder / "significance.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("run", *VERDICT_COLUMNS))
        writer.writerows((verdict.run, *_cells(verdict)) for verdict in comparison.verdicts)
    (folder / "comparison.md").write_text(markdown(comparison), encoding="utf-8")


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Prints the tables, the results of the tests in words and the notes of a comparison.

    If the table does not fit on the terminal, the runs have letters, the intervals are left out, or the runs are
    divided into several tables, in this order.
    """
    runs, letters = comparison.runs, text.letters(len(comparison.runs))
    candidates = [[_figures(comparison, runs, slice(None), True)]]
    candidates += [[_figures(comparison, letters, slice(None), intervals)] for intervals in (True, False)]
    for size in range(len(runs) - 1, 0, -1):
        parts = [slice(start, start + size) for start in range(0, len(runs), size)]
        candidates.append([_figures(comparison, letters, part, False) for part in parts])
    unlimited = console.options.update(width=UNLIMITED)
    tables = next(
        (
            tables
            for tables in candidates
            if all(console.measure(table, options=unlimited).maximum <= console.width for table in tables)
        ),
        candidates[-1],
    )
    names = dict(zip(runs, runs if tables is candidates[0] else letters, strict=True))
    for run, name in names.items():
        if run != name:
            console.print(f"[bold]{name}[/]  {escape(run)}", soft_wrap=True)
    for table in tables:
        console.print(table)
    first = names[runs[0]]
    for run, verdicts in text.by_run(comparison):
        console.print(_tests(names[run], first, verdicts))
    console.print()
    for paragraph in text.explanation(comparison):
        console.print(escape(paragraph), style="dim")
    for run, verdicts in text.by_run(comparison):
        console.print(escape(text.conclusion(first, names[run], verdicts)), style="bold")
    for note in comparison.notes:
        console.print(f"[yellow]{escape(note)}[/]")


def markdown(comparison: Comparison) -> str:
    """Returns a comparison as Markdown."""
    lines = ["# Comparison of runs", ""]
    lines += [line for note in comparison.notes for line in (f"> {note}.", "")]
    for name, verdicts in text.by_run(comparison):
        lines += [text.conclusion(comparison.runs[0], name, verdicts), ""]
    lines += [f"## Significance of differences from {comparison.runs[0]}", ""]
    lines += [line for paragraph in text.explanation(comparison) for line in (paragraph, "")]
    lines += _markdown_table(("run", *VERDICT_COLUMNS), [(v.run, *_cells(v)) for v in comparison.verdicts])
    for section, rows in text.sections(comparison):
        lines += ["", f"## {section}", ""]
        lines += _markdown_table(("", *comparison.runs), [(row.title, *row.cells) for row in rows])
    return "\n".join(lines) + "\n"


def _figures(comparison: Comparison, names: Sequence[str], part: slice, with_intervals: bool) -> Table:
    """Returns the table of the figures of some of the runs."""
    table = _table("Comparison of runs" + (" (95 % interval)" if with_intervals else ""))
    table.add_column("")
    for name in names[part]:
        table.add_column(escape(name), justify="right")
    for section, rows in text.sections(comparison):
        table.add_section()
        table.add_row(f"[bold]{escape(section)}[/]")
        for row in rows:
            cells = row.cells if with_intervals else row.values
            table.add_row(f" {escape(row.title)}", *cells[part])
    return table


def _tests(name: str, first: str, verdicts: Sequence[Verdict]) -> Table:
    table = _table(escape(f"{name} compared with {first}, percentage points"))
    for heading in ("share of", "difference", "95 % interval", "p", "result"):
        table.add_column(heading, justify="left" if heading in ("share of", "result") else "right")
    for verdict in verdicts:
        cells = (
            verdict.share, text.difference(verdict), text.difference_range(verdict), text.p_value(verdict),
            verdict.text,
        )  # fmt: skip
        table.add_row(*cells, style=STYLES.get(verdict.text))
    return table


def _cells(verdict: Verdict) -> tuple[str, ...]:
    low, high = verdict.interval
    paired = verdict.paired
    return (
        verdict.share, str(paired.clips), str(paired.only_first), str(paired.only_second),
        f"{100 * paired.difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})", f"{verdict.p_value:.2g}",
        verdict.text,
    )  # fmt: skip


def _csv_value(value: float | None) -> Any:
    return "" if value is None else value


def _table(title: str) -> Table:
    style: dict[str, Any] = {
        "box": box.SIMPLE,
        "show_edge": False,
        "pad_edge": False,
        "padding": (0, 0, 0, 1),
    }
    return Table(title=f"\n{title}", title_justify="left", title_style="bold", header_style="bold", **style)


def _markdown_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(headings), "|" + "---|" * len(headings), *(line(row) for row in rows)]
