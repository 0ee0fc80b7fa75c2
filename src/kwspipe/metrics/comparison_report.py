"""Output of a comparison: terminal tables, CSV, Markdown and HTML."""

import csv
import itertools
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Console
from rich.table import Table

from kwspipe.metrics.comparison import Comparison, Row, Verdict

VERDICT_COLUMNS = ("share of", "clips", "first only", "this only", "difference, 95 %", "p", "verdict")

STYLES = {"better": "green", "worse": "red"}


def write(comparison: Comparison, folder: Path) -> None:
    """Writes comparison.csv, significance.csv, comparison.md and comparison.html in ``folder``."""
    with (folder / "comparison.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("section", "figure", *comparison.runs))
        writer.writerows((row.section, row.figure, *map(_csv_value, row.values)) for row in comparison.rows)
    with (folder / "significance.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("run", *VERDICT_COLUMNS))
        writer.writerows((verdict.run, *_cells(verdict)) for verdict in comparison.verdicts)
    (folder / "comparison.md").write_text(markdown(comparison), encoding="utf-8")
    (folder / "comparison.html").write_text(html(comparison), encoding="utf-8")


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Prints the tables and the notes of a comparison."""
    table = _table("Comparison of runs", ("", *comparison.runs))
    for section, rows in _sections(comparison):
        table.add_section()
        table.add_row(f"[bold]{section}[/]")
        for figure, cells in rows:
            table.add_row(f"  {figure}", *cells)
    console.print(table)
    verdicts = _table(f"Differences from {comparison.runs[0]}, exact McNemar test", ("", *VERDICT_COLUMNS))
    for verdict in comparison.verdicts:
        verdicts.add_row(verdict.run, *_cells(verdict), style=STYLES.get(verdict.text))
    console.print(verdicts)
    for note in comparison.notes:
        console.print(f"[yellow]{note}[/]")


def markdown(comparison: Comparison) -> str:
    """Returns a comparison as Markdown."""
    lines = ["# Comparison of runs", ""]
    lines += [line for note in comparison.notes for line in (f"> {note}.", "")]
    lines += [f"## Significance of differences from {comparison.runs[0]}", ""]
    lines += _markdown_table(("run", *VERDICT_COLUMNS), [(v.run, *_cells(v)) for v in comparison.verdicts])
    for section, rows in _sections(comparison):
        lines += ["", f"## {section}", ""]
        lines += _markdown_table(("", *comparison.runs), [(figure, *cells) for figure, cells in rows])
    return "\n".join(lines) + "\n"


def html(comparison: Comparison) -> str:
    """Returns a comparison as a self-contained HTML page."""
    environment = Environment(
        loader=PackageLoader("kwspipe.metrics"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("comparison.html.j2").render(
        runs=comparison.runs,
        notes=comparison.notes,
        verdict_columns=VERDICT_COLUMNS,
        verdicts=[(verdict, _cells(verdict)) for verdict in comparison.verdicts],
        sections=_sections(comparison),
    )


def _sections(comparison: Comparison) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    grouped = itertools.groupby(comparison.rows, key=lambda row: row.section)
    return [
        (section, [(row.figure, [_formatted(row, value) for value in row.values]) for row in rows])
        for section, rows in grouped
    ]


def _cells(verdict: Verdict) -> tuple[str, ...]:
    low, high = verdict.interval
    paired = verdict.paired
    return (
        verdict.share, str(paired.clips), str(paired.only_first), str(paired.only_second),
        f"{100 * paired.difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})", f"{verdict.p_value:.2g}",
        verdict.text,
    )  # fmt: skip


def _formatted(row: Row, value: float | None) -> str:
    if value is None:
        return "-"
    if row.is_share:
        return f"{100 * value:.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _csv_value(value: float | None) -> Any:
    return "" if value is None else value


def _table(title: str, headings: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column, heading in enumerate(headings):
        table.add_column(heading, justify="right" if column else "left", overflow="fold")
    return table


def _markdown_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(headings), "|" + "---|" * len(headings), *(line(row) for row in rows)]
