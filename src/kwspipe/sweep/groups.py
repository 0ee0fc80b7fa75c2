"""Jobs that differ in their seed alone, or in the fold of a cross-validation, are one configuration."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

from kwspipe.sweep.results import NAMES, Job

CONFIDENCE = 0.95
FOLD, SEED = "dataset.fold", "seed"


@dataclass(frozen=True)
class Estimate:
    """A figure over seeds.

    Attributes:
        values: of each seed.
        mean: over the seeds.
        half_width: of the interval that holds the true mean with a confidence of 95 %; None for a single seed.
    """

    values: tuple[float, ...]
    mean: float
    half_width: float | None


@dataclass(frozen=True)
class Group:
    """Jobs with the same overrides but for seed and fold.

    Attributes:
        overrides: those in which the jobs of the sweep differ, by key, without seed and fold.
        jobs: all of them, in whatever state.
        estimates: of each figure that at least one job has.
        best: it has the highest mean on validation (on the test split where nothing was trained).
    """

    overrides: dict[str, str]
    jobs: tuple[Job, ...]
    estimates: dict[str, Estimate]
    best: bool

    @property
    def num_done(self) -> int:
        """Jobs that came to their end."""
        return sum(job.record.status == "done" for job in self.jobs)


def varying(jobs: Sequence[Job]) -> list[str]:
    """Returns the keys of the overrides in which jobs differ, the seed last."""
    keys = sorted({key for job in jobs for key in job.record.overrides})
    found = [key for key in keys if len({job.record.overrides.get(key) for job in jobs}) > 1]
    return [key for key in found if key != SEED] + [key for key in found if key == SEED]


def groups_of(jobs: Sequence[Job]) -> list[Group]:
    """Returns the groups of a sweep's jobs, the best first."""
    keys = [key for key in varying(jobs) if key not in (FOLD, SEED)]
    members: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        members.setdefault(tuple(job.record.overrides.get(key, "") for key in keys), []).append(job)
    estimates = {values: _estimates(mine) for values, mine in members.items()}
    ranked = sorted(members, key=lambda values: _rank(estimates[values]), reverse=True)
    return [
        Group(
            dict(zip(keys, values, strict=True)),
            tuple(members[values]),
            estimates[values],
            best=number == 0 and _rank(estimates[values]) > -math.inf,
        )
        for number, values in enumerate(ranked)
    ]


def estimate(values: Sequence[float]) -> Estimate:
    """Returns mean and confidence interval of a few measurements.

    The interval is Student's: t(0.975, n - 1) * s / sqrt(n) to each side, s the sample's standard deviation.
    """
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return Estimate(tuple(values), mean, None)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    quantile = float(student_t.ppf((1 + CONFIDENCE) / 2, n - 1))
    return Estimate(tuple(values), mean, quantile * deviation / math.sqrt(n))


def _estimates(jobs: Sequence[Job]) -> dict[str, Estimate]:
    """A figure counts only where its job ended well: an earlier attempt's files may still lie in the folder."""
    found = {}
    for name in NAMES:
        of_seed: dict[str, list[Job]] = {}
        for job in jobs:
            if job.record.status == "done" and job.figures[name] is not None:
                of_seed.setdefault(job.record.overrides.get(SEED, ""), []).append(job)
        if of_seed:
            found[name] = estimate([_pooled(folds, name) for folds in of_seed.values()])
    return found


def _pooled(folds: Sequence[Job], name: str) -> float:
    """A share of all clips that the folds tested, each once; of other figures the mean."""
    if len(folds) == 1:
        return float(folds[0].figures[name])  # type: ignore[arg-type]
    weights = [job.clips.get(name, 1) for job in folds]
    return float(np.average([job.figures[name] for job in folds], weights=weights if any(weights) else None))


def _rank(estimates: dict[str, Estimate]) -> float:
    """Validation chooses, so that the test split stays one that nothing was chosen by."""
    for name in ("validation", "accuracy"):
        if name in estimates:
            return estimates[name].mean
    return -math.inf
