"""Page of a sweep: configurations, parallel coordinates and jobs, as a self-contained HTML file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from kwspipe import __version__
from kwspipe.metrics.share_interval import wilson_interval
from kwspipe.report import page
from kwspipe.report.formatting import DASH, duration, percent_interval
from kwspipe.sweep import parallel_coordinates
from kwspipe.sweep.groups import Group, groups_of, varied_keys
from kwspipe.sweep.results import NAMES, Job
from kwspipe.sweep.table import (
    TITLES,
    caption,
    figure_names,
    format_estimate,
    format_figure,
    job_counts,
    outcomes,
)

BREAKS = re.compile(r"(?<=[._\-/,])(?=[^\W\d_])")  # positions of line breaks, after separators within words
# Tables that are wider than a tablet are lists on narrower pages. Those that are wider than a desktop always are.
TABLET_PIXELS, DESKTOP_PIXELS = 690, 1200
CHARACTER_PIXELS, PADDING_PIXELS = 7.2, 12

# Notes on the intervals of shares without a spread over seeds.
OF_GROUPS = (
    "Below shares of one seed or of equal seeds: 95 % interval over the test clips of a seed, in percent."
)
OF_JOBS = "Below shares: 95 % interval over the test clips, in percent."


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: the text.
        under: smaller text below it.
        is_text: whether the text is aligned to the left and may be broken within words.
        link: address of a file beside the page.
    """

    text: str
    under: str = ""
    is_text: bool = False
    link: str = ""

    @property
    def min_characters(self) -> int:
        """Number of characters that are always on one line."""
        return _longest_part(self.text) if self.is_text else len(self.text)


@dataclass(frozen=True)
class TableView:
    """A table of the page.

    Attributes:
        caption: the caption.
        names: names of the columns.
        rows: cells of each row.
        best: indices of the emphasized rows.
    """

    caption: str
    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    best: frozenset[int] = frozenset()

    @property
    def layout(self) -> str:
        """Class of the style sheet for the estimated width of the table."""
        columns = [list(column) for column in zip(*self.rows, strict=True)]
        width = PADDING_PIXELS * len(columns) + CHARACTER_PIXELS * sum(
            max(_longest_part(name), *(cell.min_characters for cell in column))
            for name, column in zip(self.names, columns, strict=True)
        )
        return "lists" if width > DESKTOP_PIXELS else "many" if width > TABLET_PIXELS else ""


def write_page(name: str, jobs: Sequence[Job], path: Path) -> None:
    """Writes a page with the table of the groups, the parallel coordinates plot and the tables of the jobs."""
    groups = groups_of(jobs)
    done = [job for job in jobs if job.record.status == "done"]
    equal = parallel_coordinates.equal_figures(jobs)
    content = page.render(
        "sweep.html.j2",
        version=__version__,
        name=name,
        counts=job_counts(jobs),
        best=_best(groups),
        groups=_groups_table(groups) if done else None,
        plot=parallel_coordinates.svg(jobs),
        equal=[f"{TITLES[figure]} {format_figure(figure, value)}" for figure, value in equal.items()],
        jobs=_jobs_table(done, varied_keys(jobs), path.parent) if done else None,
        outcomes=outcomes(jobs),
        breakable=_breakable,
    )
    page.write(path, content)


def _best(groups: Sequence[Group]) -> str:
    """Returns the best configuration and its result as a sentence, or an empty text."""
    best = next((group for group in groups if group.best), None)
    if best is None or len(groups) < 2:
        return ""
    criterion = "validation" if "validation" in best.estimates else "accuracy"
    text = ", ".join(f"{key}={value}" for key, value in best.overrides.items())
    result = format_estimate(criterion, best.estimates[criterion])
    return f"The best configuration by {TITLES[criterion]} is {text}, with {result}."


def _groups_table(groups: Sequence[Group]) -> TableView:
    names = figure_names(groups)
    rows, has_intervals = [], False
    for group in groups:
        values = [Cell(value or DASH, is_text=True) for value in group.overrides.values()]
        figures = []
        for name in names:
            estimate = group.estimates.get(name)
            under = _interval(name, estimate.mean, group.jobs, len(estimate.values)) if estimate else ""
            under = "" if estimate and estimate.half_width else under
            has_intervals |= bool(under)
            figures.append(Cell(format_estimate(name, estimate) or DASH, under))
        count = Cell(f"{group.num_done} of {len(group.jobs)}")
        rows.append((*(values or [Cell("all jobs", is_text=True)]), count, *figures))
    keys = list(groups[0].overrides) or ["configuration"]
    notes = [caption(groups), *([OF_GROUPS] if has_intervals else [])]
    best = frozenset(number for number, group in enumerate(groups) if group.best)
    columns = (*keys, "jobs", *(TITLES[name] for name in names))
    return TableView(" ".join(filter(None, notes)), columns, tuple(rows), best)


def _jobs_table(done: Sequence[Job], keys: Sequence[str], folder: Path) -> TableView:
    names = [name for name in NAMES if any(job.figures[name] is not None for job in done)]
    rows = []
    for job in done:
        values = [Cell(job.record.overrides.get(key) or DASH, is_text=True) for key in keys]
        figures = []
        for name in names:
            value = job.figures[name]
            text = DASH if value is None else format_figure(name, value)
            figures.append(Cell(text, _interval(name, value, [job], 1)))
        first = Cell(job.folder.name, is_text=True, link=_report(job, folder))
        rows.append((first, *values, *figures, Cell(duration(job.record.seconds))))
    columns = ("job", *keys, *(TITLES[name] for name in names), "duration")
    return TableView(OF_JOBS, columns, tuple(rows))


def _interval(name: str, share: float | None, jobs: Sequence[Job], num_seeds: int) -> str:
    """Returns the interval of a share of the test clips of one seed, or an empty text for other figures."""
    clips = sum(job.clips.get(name, 0) for job in jobs if job.record.status == "done")
    return percent_interval(wilson_interval(share, clips // num_seeds))


def _report(job: Job, folder: Path) -> str:
    """Returns the address of the report of a job relative to the page, or an empty text if there is none."""
    report = job.folder / "report.html"
    return report.relative_to(folder).as_posix() if job.folder.parent == folder and report.is_file() else ""


def _breakable(text: str, mark: str = Markup("<wbr>")) -> Markup:
    """Returns escaped text with marks for line breaks, which are after separators within words.

    Args:
        text: the text.
        mark: ``<wbr>``, which is not part of copied text, or a zero-width space for attributes.
    """
    return Markup(mark).join(BREAKS.split(text))


def _longest_part(text: str) -> int:
    return max(len(part) for word in text.split(" ") for part in BREAKS.split(word))
