"""Table of a sweep on the terminal and as CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

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
    """Prints one row per group, the best first, and the outcomes of jobs that are not done."""
    groups = groups_of(jobs)
    names = figure_names(groups)
    table = Table(
        title=job_counts(jobs), title_justify="left", caption_justify="left", caption=caption(groups)
    )
    for key in groups[0].overrides if groups else ():
        table.add_column(key, overflow="fold")
    table.add_column("jobs", justify="right")
    for name in names:
        table.add_column(TITLES[name], justify="right")
    for group in groups:
        cells = [*group.overrides.values(), f"{group.num_done}/{len(group.jobs)}"]
        cells += [format_estimate(name, group.estimates.get(name)) for name in names]
        table.add_row(*map(escape, cells), style="bold green" if group.best else None)
    console.print(table)
    by_outcome: dict[str, list[str]] = {}
    for job in jobs:
        if job.record.status != "done":
            by_outcome.setdefault(outcome(job), []).append(job.folder.name)
    for text, folders in by_outcome.items():
        more = f" and {len(folders) - MAX_NAMED_JOBS} more" if len(folders) > MAX_NAMED_JOBS else ""
        named = ", ".join(folders[:MAX_NAMED_JOBS])
        console.print(f"[bold]{named}[/]{more} {escape(text)}", soft_wrap=True)


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
