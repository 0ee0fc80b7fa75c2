"""Parallel coordinates plot: one axis per varied override and per figure, one line per job."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from kwspipe.sweep.groups import varied_keys
from kwspipe.sweep.results import NAMES, Job
from kwspipe.sweep.table import TITLES, outcome

WIDTH_PER_AXIS, HEIGHT, MARGIN, TOP = 170, 320, 80, 40
MIN_SCALE = 0.85  # smallest scale of the plot, at which its text is readable; narrow pages scroll the plot
# Nine colours of matplotlib's perceptually uniform colour map viridis, from dark blue to yellow.
COLORS = (
    "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
)  # fmt: skip
UNKNOWN_COLOR = "#999999"


@dataclass(frozen=True)
class Axis:
    """One vertical axis.

    Attributes:
        title: text above the axis.
        values: value of each job as text; None if the job has no value.
        numbers: value of each job as a number; None if not all values are numbers.
    """

    title: str
    values: tuple[str | None, ...]
    numbers: tuple[float | None, ...] | None

    def positions(self) -> list[float | None]:
        """Returns the position of each job on the axis, from 0 at the bottom to 1 at the top."""
        if self.numbers is None:
            steps = {
                text: step for step, text in enumerate(sorted({v for v in self.values if v is not None}))
            }
            last = max(len(steps) - 1, 1)
            return [None if value is None else steps[value] / last for value in self.values]
        known = [number for number in self.numbers if number is not None]
        low, high = min(known), max(known)
        span = (high - low) or 1
        return [None if n is None else (n - low) / span if high > low else 0.5 for n in self.numbers]

    def ticks(self) -> list[tuple[float, str]]:
        """Returns position and text of each tick."""
        pairs = zip(self.positions(), self.values, strict=True)
        return sorted(
            {(position, text) for position, text in pairs if position is not None and text is not None}
        )


def svg(jobs: Sequence[Job]) -> str:
    """Returns the plot of the finished jobs as an SVG element, or an empty text for fewer than two jobs or axes."""
    jobs = [job for job in jobs if job.record.status == "done"]
    axes = _axes(jobs)
    if len(jobs) < 2 or len(axes) < 2:
        return ""
    colors = _colors(jobs)
    width = 2 * MARGIN + WIDTH_PER_AXIS * (len(axes) - 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + TOP + 40}" '
        f'role="img" aria-label="parallel coordinates of {len(jobs)} jobs" class="parallel" '
        f'style="min-width:{round(MIN_SCALE * width)}px">'
    ]
    positions = [axis.positions() for axis in axes]
    order = sorted(range(len(jobs)), key=lambda n: COLORS.index(colors[n]) if colors[n] in COLORS else -1)
    for number in order:  # the best job is drawn last
        parts.append(_line(jobs[number], [column[number] for column in positions], colors[number]))
    parts.extend(_axis(axis, _x(number)) for number, axis in enumerate(axes))
    return "\n".join([*parts, "</svg>"])


def _axes(jobs: Sequence[Job]) -> list[Axis]:
    axes = []
    for key in varied_keys(jobs):
        values = tuple(job.record.overrides.get(key) for job in jobs)
        axes.append(Axis(key, values, _numbers(values)))
    for name in NAMES:
        figures = tuple(job.figures[name] for job in jobs)
        if any(figure is not None for figure in figures):
            texts = tuple(None if figure is None else f"{figure:.4g}" for figure in figures)
            axes.append(Axis(TITLES[name], texts, figures))
    return axes


def _numbers(values: Sequence[str | None]) -> tuple[float | None, ...] | None:
    try:
        return tuple(None if value is None else float(value) for value in values)
    except ValueError:
        return None


def _colors(jobs: Sequence[Job]) -> list[str]:
    name = "validation" if any(job.figures["validation"] is not None for job in jobs) else "accuracy"
    figures = [job.figures[name] for job in jobs]
    known = [figure for figure in figures if figure is not None]
    low, span = min(known, default=0.0), (max(known, default=0.0) - min(known, default=0.0)) or 1
    return [
        UNKNOWN_COLOR if f is None else COLORS[round((f - low) / span * (len(COLORS) - 1))] for f in figures
    ]


def _x(number: int) -> int:
    return MARGIN + number * WIDTH_PER_AXIS


def _y(position: float) -> float:
    return round(TOP + HEIGHT * (1 - position), 1)


def _line(job: Job, positions: Sequence[float | None], color: str) -> str:
    points = " ".join(
        f"{_x(n)},{_y(position)}" for n, position in enumerate(positions) if position is not None
    )
    title = html.escape(f"{job.folder.name}: {outcome(job)}")
    return f'<polyline points="{points}" stroke="{color}"><title>{title}</title></polyline>'


def _axis(axis: Axis, x: int) -> str:
    parts = [
        f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{TOP + HEIGHT}"/>',
        f'<text x="{x}" y="{TOP - 16}" text-anchor="middle" class="title">{html.escape(axis.title)}</text>',
    ]
    previous_y = float("inf")
    for position, text in axis.ticks():
        if previous_y - _y(position) >= 12:  # pixels; labels that would overlap are not drawn
            parts.append(f'<text x="{x + 6}" y="{_y(position) + 4}">{html.escape(text)}</text>')
            previous_y = _y(position)
    return "".join(parts)
