"""Checks of the jobs of a sweep before the first one starts."""

from collections.abc import Sequence

from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.pipeline import prerequisites
from kwspipe.sweep.job_folders import override_values

MAX_JOBS_SHOWN = 3


def check_jobs(
    batch: Sequence[Sequence[str]],
    compose: prerequisites.Compose,
    swept: Sequence[str],
    on_this_machine: bool,
) -> None:
    """Checks the configurations of all jobs, and their prerequisites if the jobs run on this machine.

    Args:
        batch: overrides of the jobs.
        compose: composes the configuration of a job from its overrides.
        swept: keys of the overrides that differ from job to job.
        on_this_machine: False if other machines, which can have other packages and disks, run the jobs.

    Raises:
        ConfigError: the problems of all jobs, each with the overrides of the jobs that have the problem.
    """
    jobs: dict[str, list[str]] = {}  # overrides of the jobs by problem
    memo: prerequisites.Memo = {}
    for overrides in batch:
        try:
            config = prerequisites.load(compose(list(overrides)), overrides, compose)
            if on_this_machine:
                given = prerequisites.given_keys(overrides)
                prerequisites.check_run(config, given, own_folder=True, memo=memo)
        except KwspipeError as error:
            for problem in prerequisites.problems_of(error):
                jobs.setdefault(problem, []).append(swept_values(overrides, swept))
    if jobs:
        raise ConfigError([_sentence(problem, found, len(batch)) for problem, found in jobs.items()])


def swept_values(overrides: Sequence[str], swept: Sequence[str]) -> str:
    """Returns the overrides that differ from job to job: ``model.alpha=0.1 seed=2``."""
    values = override_values(overrides)
    keys = [key.lstrip("+~") for key in swept]
    return " ".join(f"{key}={values[key]}" for key in keys if key in values)


def _sentence(problem: str, jobs: Sequence[str], num_jobs: int) -> str:
    if len(jobs) == num_jobs:
        return problem if num_jobs == 1 else f"{problem} (all {num_jobs} jobs)"
    more = f" and {len(jobs) - MAX_JOBS_SHOWN} more" if len(jobs) > MAX_JOBS_SHOWN else ""
    noun = "job" if len(jobs) == 1 else f"{len(jobs)} of {num_jobs} jobs:"
    return f"{problem} ({noun} {', '.join(jobs[:MAX_JOBS_SHOWN])}{more})"
