"""Plots one figure of a sweep over another figure or over an override, for example accuracy over cost.

    python scripts/plot_sweep.py sweeps/networks --x instructions --label model --front --to docs/networks.svg
    python scripts/plot_sweep.py sweeps/few_shot --x dataset.max_training_clips_per_word --label transfer --to few.svg

Jobs that differ only in seed and fold are one point: the mean over the seeds of the pooled folds, with a bar from the
lowest to the highest seed. ``--front`` connects the Pareto front of small x and large y.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import matplotlib

from kwspipe.metrics import plot_style
from kwspipe.metrics.palette import SERIES
from kwspipe.sweep.groups import groups_of
from kwspipe.sweep.results import NAMES, SHARES, read_jobs
from kwspipe.sweep.table import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Name, unit and value of the unit of the figures that are not shares.
X_AXES = {
    "instructions": ("instructions per inference", " (millions)", 1e6),
    "image_bytes": ("model image", " (kB)", 1e3),
    "false_accepts_per_hour": ("false accepts per hour", "", 1.0),
}


@dataclass(frozen=True)
class Point:
    """Jobs of one configuration: label, mean of x, and y of each seed."""

    label: str
    x: float
    ys: tuple[float, ...]

    @property
    def y(self) -> float:
        """Mean over the seeds."""
        return mean(self.ys)


def points(sweep: Path, x: str, y: str, label: str) -> list[Point]:
    """Returns one point per configuration with finished jobs."""
    found = []
    for group in groups_of(read_jobs(sweep)):
        overrides = group.jobs[0].record.overrides
        if x not in NAMES and x not in overrides:
            raise SystemExit(
                f"{sweep}: no figure or override {x}. Available: {', '.join((*NAMES, *overrides))}"
            )
        if label not in overrides:
            raise SystemExit(f"{sweep}: no override {label}. Available: {', '.join(overrides)}")
        if y in group.estimates and (x in group.estimates or x not in NAMES):
            mean_x = group.estimates[x].mean if x in NAMES else _number(sweep, x, overrides[x])
            found.append(Point(overrides[label], mean_x, group.estimates[y].values))
    return found


def _number(sweep: Path, x: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise SystemExit(
            f"{sweep}: a job has {x}={value}; --x requires numbers, or one of {', '.join(NAMES)}"
        ) from None


def front(found: Iterable[Point]) -> list[Point]:
    """Returns the Pareto front of small x and large y, sorted by x."""
    best: list[Point] = []
    for point in sorted(found, key=lambda p: (p.x, -p.y)):
        if not best or point.y > best[-1].y:
            best.append(point)
    return best


def draw(found: list[Point], args: argparse.Namespace) -> None:
    """Draws the points as one series per label and writes the picture to ``args.to``."""
    shown = (TITLES[args.x], " (%)", 0.01) if args.x in SHARES else (args.x, "", 1.0)
    x_name, unit, x_unit = X_AXES.get(args.x, shown)
    x_title, y_title = args.x_title or x_name + unit, args.y_title or f"{TITLES[args.y]} (%)"
    figure = plot_style.new_figure(8.4, 6.0, args.title or f"{TITLES[args.y].capitalize()} by {x_name}")
    axes = figure.subplots()
    plot_style.apply_axes_style(axes, x_title, y_title)
    handles = _draw_series(axes, found, args, x_unit)
    if args.front:
        best = front(found)
        xs, ys = [p.x / x_unit for p in best], [100 * p.y for p in best]
        style: dict[str, Any] = {"linestyle": plot_style.DASHES, "linewidth": 1.4, "zorder": 2}
        handles += axes.plot(xs, ys, color=plot_style.SOFT, label="Pareto front", **style)
    axes.set_xlim(left=0)
    axes.margins(y=0.12)
    ticks = [0.0, *sorted({p.x / x_unit for p in found})]
    if min(after - before for before, after in pairwise(ticks)) > plot_style.MIN_TICK_DISTANCE * ticks[-1]:
        axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
    seeds = "Bars: lowest to highest seed." if any(len(p.ys) > 1 for p in found) else "One seed."
    plot_style.add_legend(figure, handles, 2, seeds)
    matplotlib.rcParams["svg.hashsalt"] = "kwspipe"  # makes the file reproducible
    figure.savefig(
        args.to, metadata={"Date": None} if args.to.suffix == ".svg" else None, bbox_inches="tight"
    )


def _draw_series(axes: "Axes", found: list[Point], args: argparse.Namespace, x_unit: float) -> list[Any]:
    """Draws one series per label. Returns the handles for the legend."""
    handles = []
    for number, label in enumerate(dict.fromkeys(point.label for point in found)):
        own = sorted((p for p in found if p.label == label), key=lambda p: p.x)
        colour = SERIES[number] if number < len(SERIES) else plot_style.OTHERS
        xs, ys = [p.x / x_unit for p in own], [100 * p.y for p in own]
        form = "o" if args.front else "o-"
        style: dict[str, Any] = {"markersize": 9, "markeredgecolor": "white", "linewidth": 2.4, "zorder": 3}
        handles += axes.plot(xs, ys, form, color=colour, label=f"{args.label}={label}", **style)
        for x, point in zip(xs, own, strict=True):
            axes.plot([x, x], [100 * min(point.ys), 100 * max(point.ys)], color=colour, linewidth=1.6)
    return handles


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", type=Path, help="folder of the sweep")
    parser.add_argument("--x", default="instructions", help="figure, or override with numbers")
    parser.add_argument("--y", default="words_accuracy", choices=SHARES, help="figure that is a share")
    parser.add_argument("--label", required=True, help="override that distinguishes the series")
    parser.add_argument("--title")
    parser.add_argument("--x-title")
    parser.add_argument("--y-title")
    parser.add_argument("--front", action="store_true")
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args()
    found = points(args.sweep, args.x, args.y, args.label)
    if not found:
        raise SystemExit(f"{args.sweep}: no finished job has {args.x} and {args.y}")
    draw(found, args)


if __name__ == "__main__":
    main()
