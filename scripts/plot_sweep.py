"""Draws one figure of a sweep against another: what accuracy costs, or what more data brings.

    python scripts/plot_sweep.py sweeps/networks --x instructions --label model --front --to docs/networks.svg
    python scripts/plot_sweep.py sweeps/few_shot --x dataset.max_training_clips_per_word --label transfer --to few.svg

Jobs that differ in seed and fold alone are one point: the folds pooled, the mean over the seeds, with a bar from the
lowest to the highest. ``--front`` joins the points that no other beats in both figures, where less of x is better.
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
    """Jobs of one configuration: the mean of x, and y of each seed."""

    label: str
    x: float
    ys: tuple[float, ...]

    @property
    def y(self) -> float:
        return mean(self.ys)


def points(sweep: Path, x: str, y: str, label: str) -> list[Point]:
    """Returns a point a configuration, of its finished jobs."""
    found = []
    for group in groups_of(read_jobs(sweep)):
        overrides = group.jobs[0].record.overrides
        if x not in NAMES and x not in overrides:
            raise SystemExit(
                f"{sweep}: no figure or override {x}. There are: {', '.join((*NAMES, *overrides))}"
            )
        if label not in overrides:
            raise SystemExit(f"{sweep}: no override {label}. There are: {', '.join(overrides)}")
        if y in group.estimates and (x in group.estimates or x not in NAMES):
            place = group.estimates[x].mean if x in NAMES else _number(sweep, x, overrides[x])
            found.append(Point(overrides[label], place, group.estimates[y].values))
    return found


def _number(sweep: Path, x: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise SystemExit(
            f"{sweep}: a job has {x}={value}; --x wants numbers, or one of {', '.join(NAMES)}"
        ) from None


def front(found: Iterable[Point]) -> list[Point]:
    """Returns the points that no other beats: the more x, the more y."""
    best: list[Point] = []
    for point in sorted(found, key=lambda p: (p.x, -p.y)):
        if not best or point.y > best[-1].y:
            best.append(point)
    return best


def draw(found: list[Point], args: argparse.Namespace) -> None:
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
    matplotlib.rcParams["svg.hashsalt"] = "kwspipe"  # the same figures give the same file
    figure.savefig(args.to, metadata={"Date": None} if args.to.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", type=Path, help="folder of the sweep")
    parser.add_argument("--x", default="instructions", help="a figure, or an override with numbers")
    parser.add_argument("--y", default="words_accuracy", choices=SHARES, help="a share")
    parser.add_argument("--label", required=True, help="override that tells the series apart")
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
