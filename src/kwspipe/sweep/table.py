"""Table of a sweep on the terminal and as CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwspipe.sweep.groups import FOLD, Estimate, Group, groups_of, varied_keys
from kwspipe.sweep.results import NAMES, SHARES, Job

TITLES = {
    "validation": "validation",
    "accuracy": "test accuracy",
    "words_accuracy": "keywords recognized",
    "unknown_rejected": "unknown rejected",
    "false_accepts_per_hour": "false accepts/h",
    "image_bytes": "image bytes",
    "instructions": "instructions",
}
MAX_NAMED_JOBS = 3  # an error in the common configuration has the same message in all jobs
UNLIMITED = 10_000  # columns of a terminal on which every table fits
UNFINISHED = ("running", "interrupted")


def format_figure(name: str, value: float) -> str:
    """Returns a figure with its unit."""
    return format_estimate(name, Estimate((value,), value, None))


def format_estimate(name: str, estimate: Estimate | None) -> str:
    """Returns an estimate of a figure with its unit and its interval, or an empty text for None."""
    if estimate is None:
        return ""
    if name in SHARES:
        form, scale, unit = ".1f", 100, " %"
    elif name == "false_accepts_per_hour":
        form, scale, unit = ".2f" if estimate.mean < 10 else ".0f", 1, ""
    else:
        form, scale, unit = ",.0f", 1, ""
    text = f"{estimate.mean * scale:{form}}"
    if estimate.half_width:
        text += f" ± {estimate.half_width * scale:{form}}"
    return text + unit


def print_table(jobs: Sequence[Job], console: Console) -> None:
    """Prints one row per group, the best first, and the outcomes of jobs that are not done.

    If the table does not fit on the terminal, the figures are divided into several tables. Groups with long overrides
    are then listed with numbers.
    """
    groups = groups_of(jobs)
    names = figure_names(groups)
    console.print(job_counts(jobs), style="bold")
    keys = list(groups[0].overrides) if groups else []
    values = [list(group.overrides.values()) for group in groups]
    tables = [_table(groups, keys, values, names)]
    if not _fits(tables[0], console.width, console):
        if not _fits(_table(groups, keys, values, []), console.width // 2, console):
            for number, texts in enumerate(values, start=1):
                pairs = ", ".join(f"{key}={text}" for key, text in zip(keys, texts, strict=True))
                console.print(f"[bold]{number}[/]  {escape(pairs)}", soft_wrap=True)
            keys, values = ["#"], [[str(number)] for number in range(1, len(groups) + 1)]
        tables = _parts(groups, keys, values, names, console)
    for table in tables:
        console.print()
        console.print(table)
    if text := caption(groups):
        console.print(text)
    for text, folders in outcomes(jobs).items():
        more = f" and {len(folders) - MAX_NAMED_JOBS} more" if len(folders) > MAX_NAMED_JOBS else ""
        named = ", ".join(folders[:MAX_NAMED_JOBS])
        console.print(f"[bold]{escape(named)}[/]{more} {escape(text)}", soft_wrap=True)


def _table(
    groups: Sequence[Group], keys: Sequence[str], values: Sequence[Sequence[str]], names: Sequence[str]
) -> Table:
    """Returns the table of some figures, with the given first columns."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    for key in keys:
        table.add_column(escape(key.replace(".", ".\n")), no_wrap=True, vertical="bottom")
    table.add_column("jobs", justify="right", no_wrap=True, vertical="bottom")
    for name in names:
        title = TITLES[name].replace(" ", "\n")
        table.add_column(title, justify="right", no_wrap=True, vertical="bottom")
    for group, texts in zip(groups, values, strict=True):
        cells = [*texts, f"{group.num_done}/{len(group.jobs)}"]
        cells += [format_estimate(name, group.estimates.get(name)) for name in names]
        table.add_row(*map(escape, cells), style="bold green" if group.best else None)
    return table


def _fits(table: Table, width: int, console: Console) -> bool:
    unlimited = console.options.update(width=UNLIMITED)
    return console.measure(table, options=unlimited).maximum <= width


def _parts(
    groups: Sequence[Group],
    keys: Sequence[str],
    values: Sequence[Sequence[str]],
    names: Sequence[str],
    console: Console,
) -> list[Table]:
    """Returns tables that fit on the terminal. Each has the first columns and as many figures as possible."""
    remaining = list(names)
    tables: list[Table] = []
    while remaining or not tables:
        candidates = [_table(groups, keys, values, remaining[:size]) for size in range(len(remaining), 0, -1)]
        fitting = (one for one in candidates if _fits(one, console.width, console))
        tables.append(next(fitting, candidates[-1]))
        remaining = remaining[len(tables[-1].columns) - len(keys) - 1 :]
    return tables


def outcomes(jobs: Sequence[Job]) -> dict[str, list[str]]:
    """Returns the folders of the jobs that are not done, by outcome."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        if job.record.status != "done":
            found.setdefault(outcome(job), []).append(job.folder.name)
    return found


def figure_names(groups: Sequence[Group]) -> list[str]:
    """Returns the names of the figures that at least one group has, in the order of the table."""
    return [name for name in NAMES if any(name in group.estimates for group in groups)]


def outcome(job: Job) -> str:
    """Returns the status of a job and the cause of a failure in one line."""
    if job.record.status in UNFINISHED:
        return "did not finish; the same command continues it"
    cause = " ".join((job.record.cause or "").split())
    return f"{job.record.status}: {cause}" if cause else job.record.status


def caption(groups: Sequence[Group]) -> str:
    """Returns the caption of the table."""
    lines = []
    if any(group.best for group in groups):
        criterion = "validation" if "validation" in groups[0].estimates else "test accuracy"
        lines.append(f"The first row is the best by {criterion}.")
    if any(len({job.record.overrides.get(FOLD) for job in group.jobs}) > 1 for group in groups):
        lines.append("Shares are those of the clips of all folds.")
    if any(e.half_width is not None for group in groups for e in group.estimates.values()):
        lines.append("± is half the 95 % confidence interval of the mean over seeds (Student's t).")
    return " ".join(lines)


def write_csv(jobs: Sequence[Job], path: Path) -> None:
    """Writes one row per job: folder, differing overrides, status, figures."""
    keys = varied_keys(jobs)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["folder", *keys, "status", *NAMES, "seconds", "code", "cause"])
        for job in jobs:
            record = job.record
            figures = ["" if job.figures[name] is None else job.figures[name] for name in NAMES]
            cause = " ".join((record.cause or "").split())
            writer.writerow(
                [
                    job.folder.name,
                    *(record.overrides.get(key, "") for key in keys),
                    record.status,
                    *figures,
                    record.seconds,
                    record.code[:12],
                    cause,
                ]
            )
    temporary.replace(path)


def job_counts(jobs: Sequence[Job]) -> str:
    """Returns the number of jobs, and the number of those with each status."""
    counts: dict[str, int] = {}
    for job in jobs:
        status = "unfinished" if job.record.status in UNFINISHED else job.record.status
        counts[status] = counts.get(status, 0) + 1
    return f"{len(jobs)} jobs: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
