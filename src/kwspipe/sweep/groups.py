"""Groups of jobs with the same configuration: jobs that differ only in the seed or in the cross-validation fold."""

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
        values: value of each seed.
        mean: mean over the seeds.
        half_width: half the width of the 95 % confidence interval of the mean; None for a single seed.
    """

    values: tuple[float, ...]
    mean: float
    half_width: float | None


@dataclass(frozen=True)
class Group:
    """Jobs with the same overrides except seed and fold.

    Attributes:
        overrides: the overrides that differ between the jobs of the sweep, by key, without seed and fold.
        jobs: all jobs of the group, with any status.
        estimates: estimates of the figures that at least one job has.
        best: whether the group has the highest mean on the validation split, or on the test split if nothing was
            trained.
    """

    overrides: dict[str, str]
    jobs: tuple[Job, ...]
    estimates: dict[str, Estimate]
    best: bool

    @property
    def num_done(self) -> int:
        """Number of finished jobs."""
        return sum(job.record.status == "done" for job in self.jobs)


def varied_keys(jobs: Sequence[Job]) -> list[str]:
    """Returns the keys of the overrides that differ between the jobs, with the seed last."""
    keys = sorted({key for job in jobs for key in job.record.overrides})
    found = [key for key in keys if len({job.record.overrides.get(key) for job in jobs}) > 1]
    return [key for key in found if key != SEED] + [key for key in found if key == SEED]


def groups_of(jobs: Sequence[Job]) -> list[Group]:
    """Returns the groups of the jobs of a sweep, the best group first."""
    keys = [key for key in varied_keys(jobs) if key not in (FOLD, SEED)]
    members: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        members.setdefault(tuple(job.record.overrides.get(key, "") for key in keys), []).append(job)
    estimates = {values: _estimates(own) for values, own in members.items()}
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
    """Returns the mean of measurements and its confidence interval.

    The interval is Student's: mean ± t(0.975, n - 1) * s / sqrt(n) with the sample standard deviation s.
    """
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return Estimate(tuple(values), mean, None)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    quantile = float(student_t.ppf((1 + CONFIDENCE) / 2, n - 1))
    return Estimate(tuple(values), mean, quantile * deviation / math.sqrt(n))


def _estimates(jobs: Sequence[Job]) -> dict[str, Estimate]:
    """Returns the estimates of finished jobs. The folders of other jobs may contain files of an earlier attempt."""
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
    """Returns the mean of a figure over folds. Shares are weighted by the number of test clips of each fold."""
    if len(folds) == 1:
        return float(folds[0].figures[name])  # type: ignore[arg-type]
    weights = [job.clips.get(name, 1) for job in folds]
    return float(np.average([job.figures[name] for job in folds], weights=weights if any(weights) else None))


def _rank(estimates: dict[str, Estimate]) -> float:
    """Returns the mean by which groups are ranked: that of the validation split, if there is one."""
    for name in ("validation", "accuracy"):
        if name in estimates:
            return estimates[name].mean
    return -math.inf
