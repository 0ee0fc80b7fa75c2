"""Parameter search with Optuna: chooses parameters, launches jobs, passes their results to Optuna."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from hydra.core.override_parser.types import Override
from optuna.trial import TrialState

from kwspipe.errors import KwspipeError
from kwspipe.sweep.optuna_study import (
    FAILED,
    SearchSettings,
    distribution,
    new_trial,
    num_ended,
    open_study,
    requeue_unfinished,
)
from kwspipe.sweep.results import Job
from kwspipe.sweep.sweep_run import SweepRun
from kwspipe.terminal.lines import print_line
from kwspipe.training.pruning import VARIABLE, TrialAddress


def search(settings: SearchSettings, overrides: Sequence[Override], sweep_run: SweepRun) -> None:
    """Runs trials until the study has ``settings.num_trials`` of them.

    Args:
        settings: settings of the search.
        overrides: overrides of the command line; sweep overrides define the space, others apply to all trials.
        sweep_run: runs the jobs of the trials.

    Raises:
        KwspipeError: another search runs in the folder, the study has another space or other objectives, or a job has
            no value for an objective.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {o.get_key_element(): distribution(o) for o in overrides if o.is_sweep_override()}
    fixed = [
        f"{o.get_key_element()}={o.get_value_element_as_str()}"
        for o in overrides
        if not o.is_sweep_override()
    ]
    if not space:
        raise KwspipeError(
            "hydra/sweeper=optuna",
            "no override to search over",
            "at least one of a=1,2,3, a=range(1,9), a=interval(0.1,1) or a=tag(log,interval(1e-4,1e-2))",
            "add one, or leave out hydra/sweeper=optuna",
        )
    with _search_lock(sweep_run.sweep_dir):
        study = open_study(settings)
        requeue_unfinished(study)
        while (missing := settings.num_trials - num_ended(study)) > 0:
            trials = [new_trial(study, space) for _ in range(min(settings.num_jobs, missing))]
            ended = num_ended(study)
            print_line(f"trials {ended + 1} to {ended + len(trials)} of {settings.num_trials}", indent=0)
            batch = [[*fixed, *_values(trial), *_address(settings, trial)] for trial in trials]
            for trial, job in zip(trials, sweep_run.run(batch), strict=True):
                _finish_trial(study, trial, job, settings)


@contextmanager
def _search_lock(sweep_dir: Path) -> Iterator[None]:
    """Locks the folder of the sweep, since a second search would treat the trials of the first as lost."""
    sweep_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(sweep_dir / ".optuna.lock", timeout=0):
            yield
    except Timeout:
        raise KwspipeError(
            str(sweep_dir),
            "another search runs there",
            "one search at a time in a folder",
            "wait until it ends, or choose another name for this one: name=...",
        ) from None


def _values(trial: optuna.Trial) -> list[str]:
    return [f"{key}={value}" for key, value in trial.params.items()]


def _address(settings: SearchSettings, trial: optuna.Trial) -> list[str]:
    """Returns the override that passes the address of the trial to the training process in its environment."""
    if not settings.prunes:
        return []
    address = TrialAddress(settings.storage, settings.study, trial.number, settings.pruner).as_text()
    quoted = address.replace("\\", "\\\\").replace("'", "\\'")
    return [f"+hydra.job.env_set.{VARIABLE}='{quoted}'"]


def _finish_trial(study: optuna.Study, trial: optuna.Trial, job: Job, settings: SearchSettings) -> None:
    """Passes the result of a job to Optuna.

    Raises:
        KwspipeError: a finished job has no value for an objective.
    """
    trial.set_user_attr("folder", job.folder.name)
    if job.record.status == "pruned":
        study.tell(trial, state=TrialState.PRUNED)
        return
    if job.record.status != "done":
        trial.set_user_attr(FAILED, job.record.cause or job.record.status)
        study.tell(trial, state=TrialState.FAIL)
        return
    values = [job.figures[name] for name in settings.objectives]
    if None in values:
        trial.set_user_attr(FAILED, "a figure is missing")
        study.tell(trial, state=TrialState.FAIL)
        name = list(settings.objectives)[values.index(None)]
        raise KwspipeError(
            "hydra.sweeper.objectives",
            f"{name}, which {job.folder} does not contain",
            "figures of the configured stages: validation requires train, image_bytes and instructions require "
            "quantize, accuracy and false_accepts_per_hour require evaluate",
            "add the stage to `stages`, or choose another objective",
        )
    study.tell(trial, [float(value) for value in values if value is not None])
