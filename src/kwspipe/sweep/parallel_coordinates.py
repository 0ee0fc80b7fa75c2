"""Parallel coordinates plot: one axis per varied override and per figure, one line per job."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kwspipe.report.drawing import Drawing
from kwspipe.sweep.groups import groups_of, varied_keys
from kwspipe.sweep.results import NAMES, Job
from kwspipe.sweep.table import TITLES, format_figure

HEIGHT, LEFT, BOTTOM_MARGIN = 300, 8, 12
TITLE_LINE, MIN_TICK_DISTANCE = 14, 15  # pixels
CHARACTER = 6.3  # pixels, width of a character of the tick labels
MIN_AXIS_WIDTH, MAX_CHARACTERS, TITLE_CHARACTERS = 92, 20, 14
MAX_ORDINAL = 8  # overrides with up to this number of distinct values have equally spaced positions
# Smallest scale of the plot, at which its text is readable. Narrow pages scroll the plot.
MIN_SCALE, MAX_SCALE = 0.85, 1.15


@dataclass(frozen=True)
class Axis:
    """One vertical axis.

    Attributes:
        title: text above the axis.
        texts: value of each job as text; None if the job has no value.
        positions: position of each job, from 0 at the bottom to 1 at the top; None if the job has no value.
    """

    title: str
    texts: tuple[str | None, ...]
    positions: tuple[float | None, ...]

    @property
    def title_lines(self) -> list[str]:
        """The title in short lines, divided after dots, underscores and spaces."""
        lines = [""]
        for part in re.findall(r"[^._ ]*[._ ]?", self.title):
            if lines[-1] and len(lines[-1] + part.rstrip()) > TITLE_CHARACTERS:
                lines.append("")
            lines[-1] += part
        return [line.rstrip() for line in lines]

    def ticks(self) -> list[tuple[float, str]]:
        """Returns position and text of the ticks whose labels do not overlap. Those of both ends are included."""
        pairs = zip(self.positions, self.texts, strict=True)
        found = sorted(
            {(position, text) for position, text in pairs if position is not None and text is not None}
        )
        chosen: list[tuple[float, str]] = []
        for tick in [found[0], found[-1], *found[1:-1]]:
            if all(abs(tick[0] - other[0]) * HEIGHT >= MIN_TICK_DISTANCE for other in chosen):
                chosen.append(tick)
        return chosen

    @property
    def width(self) -> float:
        """Distance to the next axis in pixels, sufficient for the tick labels and the title."""
        labels = [len(_shortened(text)) for _, text in self.ticks()]
        longest = max([*labels, *(len(line) + 1 for line in self.title_lines)])
        return max(MIN_AXIS_WIDTH, 22 + CHARACTER * longest)


def svg(jobs: Sequence[Job]) -> Markup:
    """Returns the plot of the finished jobs as an SVG element, or an empty text for fewer than two jobs or axes.

    The jobs of the best group are drawn in the colour of the best, the others in shades by their result.
    """
    jobs = [job for job in jobs if job.record.status == "done"]
    axes = _axes(jobs)
    if len(jobs) < 2 or len(axes) < 2:
        return Markup()
    xs = [LEFT + sum(axis.width for axis in axes[:number]) for number in range(len(axes) + 1)]
    top = 10 + TITLE_LINE * max(len(axis.title_lines) for axis in axes)
    drawing = Drawing(
        f"parallel coordinates of {len(jobs)} jobs", top + HEIGHT + BOTTOM_MARGIN, xs[-1], "parallel"
    )
    smallest, largest = round(MIN_SCALE * xs[-1]), round(MAX_SCALE * xs[-1])
    drawing.root.set("style", f"min-width:{smallest}px;max-width:{largest}px")
    best = {job.folder for group in groups_of(jobs) if group.best for job in group.jobs}
    shares = _shares(jobs)
    # The best jobs are drawn last, on top.
    for number in sorted(range(len(jobs)), key=lambda n: (jobs[n].folder in best, shares[n])):
        points = [
            (x, top + HEIGHT * (1 - position))
            for x, axis in zip(xs, axes, strict=False)
            if (position := axis.positions[number]) is not None
        ]
        coordinates = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        kind = "job best" if jobs[number].folder in best else "job"
        line = drawing.add("polyline", kind, _description(jobs[number], axes, number), points=coordinates)
        line.set("style", f"--share:{100 * shares[number]:.0f}%")
    for x, axis in zip(xs, axes, strict=False):
        _draw_axis(drawing, axis, x, top)
    return drawing.markup()


def equal_figures(jobs: Sequence[Job]) -> dict[str, float]:
    """Returns the figures that are equal in all finished jobs, by name. They have no axis."""
    done = [job for job in jobs if job.record.status == "done"]
    found = {name: {job.figures[name] for job in done} for name in NAMES}
    return {
        name: value
        for name, values in found.items()
        if len(values) == 1 and (value := values.pop()) is not None
    }


def _axes(jobs: Sequence[Job]) -> list[Axis]:
    axes = []
    for key in varied_keys(jobs):
        texts = tuple(job.record.overrides.get(key) for job in jobs)
        axes.append(Axis(key, texts, _override_positions(texts)))
    equal = equal_figures(jobs)
    for name in NAMES:
        figures = tuple(job.figures[name] for job in jobs)
        if name not in equal and any(figure is not None for figure in figures):
            texts = tuple(None if figure is None else format_figure(name, figure) for figure in figures)
            axes.append(Axis(TITLES[name], texts, _scaled(figures)))
    return axes


def _override_positions(texts: Sequence[str | None]) -> tuple[float | None, ...]:
    """Returns positions proportional to numbers, or equally spaced positions of texts and of few numbers."""
    distinct = {text for text in texts if text is not None}
    try:
        values = {text: float(text) for text in distinct}
    except ValueError:
        values = {text: float(rank) for rank, text in enumerate(sorted(distinct))}
    if len(distinct) <= MAX_ORDINAL:
        values = {
            text: float(rank) for rank, text in enumerate(sorted(distinct, key=lambda text: values[text]))
        }
    return _scaled([None if text is None else values[text] for text in texts])


def _scaled(values: Sequence[float | None]) -> tuple[float | None, ...]:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    return tuple(None if v is None else (v - low) / (high - low) if high > low else 0.5 for v in values)


def _shares(jobs: Sequence[Job]) -> list[float]:
    """Returns the result of each job on the scale of all jobs: 0 for the lowest or none, 1 for the highest."""
    name = "validation" if any(job.figures["validation"] is not None for job in jobs) else "accuracy"
    figures = [job.figures[name] for job in jobs]
    if not any(figure is not None for figure in figures):
        return [0.0] * len(jobs)
    return [share or 0.0 for share in _scaled(figures)]


def _description(job: Job, axes: Sequence[Axis], number: int) -> str:
    values = [f"{axis.title} {axis.texts[number]}" for axis in axes if axis.texts[number] is not None]
    return f"{job.folder.name}: {', '.join(values)}"


def _draw_axis(drawing: Drawing, axis: Axis, x: float, top: float) -> None:
    drawing.line(x, top, x, top + HEIGHT, "axis")
    lines = axis.title_lines
    for number, line in enumerate(lines):
        drawing.text(x, top - 12 - TITLE_LINE * (len(lines) - 1 - number), line, "title")
    for position, text in axis.ticks():
        y = top + HEIGHT * (1 - position)
        drawing.line(x - 3, y, x + 3, y, "axis")
        drawing.add("text", "tick", text, x=x + 7, y=y + 4).text = _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
