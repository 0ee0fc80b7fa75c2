"""Plots one figure of a sweep over another figure or over an override, for example accuracy over cost.

    python scripts/plot_sweep.py sweeps/networks --x instructions --label model --front --to docs/networks.svg
    python scripts/plot_sweep.py sweeps/few_shot --x dataset.max_training_clips_per_word --label transfer --to few.svg

Jobs that differ only in seed and fold are one point: the mean over the seeds of the pooled folds, with a bar from the
lowest to the highest seed. ``--front`` connects the Pareto front of small x and large y.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from kwspipe.sweep.groups import groups_of
from kwspipe.sweep.results import NAMES, SHARES, read_jobs


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
    figure, axes = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
    for label in dict.fromkeys(point.label for point in found):
        own = sorted((p for p in found if p.label == label), key=lambda p: p.x)
        bars = [
            [100 * (p.y - min(p.ys)) for p in own],
            [100 * (max(p.ys) - p.y) for p in own],
        ]
        line = "" if args.front else "-"
        axes.errorbar(
            [p.x for p in own], [100 * p.y for p in own], bars, fmt=f"o{line}", capsize=3, label=label
        )
    if args.front:
        best = front(found)
        axes.plot([p.x for p in best], [100 * p.y for p in best], "--", color="grey", zorder=0)
    axes.set_xlabel(args.x_title or args.x)
    axes.set_ylabel(args.y_title or f"{args.y}, %")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend()
    matplotlib.rcParams["svg.hashsalt"] = "kwspipe"  # makes the file reproducible
    figure.savefig(args.to, metadata={"Date": None} if args.to.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", type=Path, help="folder of the sweep")
    parser.add_argument("--x", default="instructions", help="figure, or override with numbers")
    parser.add_argument("--y", default="words_accuracy", choices=SHARES, help="figure that is a share")
    parser.add_argument("--label", required=True, help="override that distinguishes the series")
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
