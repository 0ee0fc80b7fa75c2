"""The table of a sweep: on the terminal and as CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwspipe.sweep.groups import FOLD, Estimate, Group, groups_of, varying
from kwspipe.sweep.results import NAMES, SHARES, Job

TITLES = {
    "validation": "validation",
    "accuracy": "test accuracy",
    "words_accuracy": "words right",
    "unknown_rejected": "unknown rejected",
    "false_accepts_per_hour": "false accepts/h",
    "image_bytes": "image bytes",
    "instructions": "instructions",
}
NAMED = 3  # of jobs that ended alike; a mistake in what they share would fill screens
UNFINISHED = ("running", "interrupted")


def shown(name: str, estimate: Estimate | None) -> str:
    """Returns a figure as people read it, with its interval where it has one."""
    if estimate is None:
        return ""
    if name in SHARES:
        form, scale, unit = ".1f", 100, " %"
    elif name == "false_accepts_per_hour":
        form, scale, unit = ".2f", 1, ""
    else:
        form, scale, unit = ",.0f", 1, ""
    text = f"{estimate.mean * scale:{form}}"
    if estimate.half_width:
        text += f" ± {estimate.half_width * scale:{form}}"
    return text + unit


def print_table(jobs: Sequence[Job], console: Console) -> None:
    """Prints a row a group, the best first, and what became of the jobs that did not come to their end."""
    groups = groups_of(jobs)
    names = figure_names(groups)
    table = Table(title=_title(jobs), title_justify="left", caption_justify="left", caption=note(groups))
    for key in groups[0].overrides if groups else ():
        table.add_column(key, overflow="fold")
    table.add_column("jobs", justify="right")
    for name in names:
        table.add_column(TITLES[name], justify="right")
    for group in groups:
        cells = [*group.overrides.values(), f"{group.num_done}/{len(group.jobs)}"]
        cells += [shown(name, group.estimates.get(name)) for name in names]
        table.add_row(*map(escape, cells), style="bold green" if group.best else None)
    console.print(table)
    alike: dict[str, list[str]] = {}
    for job in jobs:
        if job.record.status != "done":
            alike.setdefault(outcome(job), []).append(job.folder.name)
    for text, names in alike.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        console.print(f"[bold]{', '.join(names[:NAMED])}[/]{more} {escape(text)}", soft_wrap=True)


def figure_names(groups: Sequence[Group]) -> list[str]:
    """Returns the figures that at least one group has, in the order of the table."""
    return [name for name in NAMES if any(name in group.estimates for group in groups)]


def outcome(job: Job) -> str:
    """Returns how a job stands, in one line."""
    if job.record.status in UNFINISHED:
        return "has not come to its end; the same command goes on with it"
    cause = " ".join((job.record.cause or "").split())
    return f"{job.record.status}: {cause}" if cause else job.record.status


def note(groups: Sequence[Group]) -> str:
    """Returns what a reader has to know about the table."""
    lines = []
    if any(group.best for group in groups):
        chosen = "validation" if "validation" in groups[0].estimates else "test accuracy"
        lines.append(f"The first row is the best by {chosen}.")
    if any(len({job.record.overrides.get(FOLD) for job in group.jobs}) > 1 for group in groups):
        lines.append("Shares are of the clips of all folds together.")
    if any(e.half_width is not None for group in groups for e in group.estimates.values()):
        lines.append("± is half the 95 % confidence interval of the mean over seeds (Student's t).")
    return " ".join(lines)


def write_csv(jobs: Sequence[Job], path: Path) -> None:
    """Writes a row a job: its folder, the overrides that differ, its state, its figures."""
    keys = varying(jobs)
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


def _title(jobs: Sequence[Job]) -> str:
    counts: dict[str, int] = {}
    for job in jobs:
        status = "unfinished" if job.record.status in UNFINISHED else job.record.status
        counts[status] = counts.get(status, 0) + 1
    return f"{len(jobs)} jobs: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
