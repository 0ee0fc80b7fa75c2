"""Parameter search with Optuna: chooses parameters, launches jobs, passes their results to Optuna."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from hydra.core.override_parser.types import FloatRange, IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState
from rich.console import Console

from kwspipe.errors import KwspipeError
from kwspipe.sweep.results import NAMES, Job
from kwspipe.sweep.sweep_run import SweepRun
from kwspipe.training.pruning import VARIABLE, TrialAddress, pruner

FAILED = (
    "failed"  # attribute of trials whose job failed, as opposed to trials that a killed sweep did not finish
)
DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class SearchSettings:
    """Settings of conf/hydra/sweeper/optuna.yaml.

    Attributes:
        objectives: direction by figure; with several objectives the best trials are the Pareto front.
        num_trials: number of trials over all starts of the sweep.
        num_jobs: number of parallel trials.
        storage: Optuna's storage, for example ``sqlite:///`` with a path.
        study: name of the study in the storage.
        sampler: ``name`` (tpe or random), ``seed``, ``startup_trials`` (random trials before TPE starts).
        pruner: ``name`` (median, halving or none) and its settings.
    """

    objectives: Mapping[str, str]
    num_trials: int
    num_jobs: int
    storage: str
    study: str
    sampler: Mapping[str, Any]
    pruner: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.objectives or any(
            name not in NAMES or direction not in DIRECTIONS for name, direction in self.objectives.items()
        ):
            raise KwspipeError(
                "hydra.sweeper.objectives",
                str(dict(self.objectives)),
                f"at least one of {', '.join(NAMES)}, each maximize or minimize",
                "correct it: hydra.sweeper.objectives={validation: maximize}",
            )

    @property
    def prunes(self) -> bool:
        """Whether trials are pruned. The only objective must be the figure that training reports."""
        return list(self.objectives) == ["validation"] and self.pruner["name"] != "none"


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
        study = _study(settings)
        _requeue_unfinished(study)
        console = Console(stderr=True, highlight=False)
        while (missing := settings.num_trials - _num_ended(study)) > 0:
            trials = [_new_trial(study, space) for _ in range(min(settings.num_jobs, missing))]
            ended = _num_ended(study)
            console.print(f"trials {ended + 1} to {ended + len(trials)} of {settings.num_trials}")
            batch = [[*fixed, *_values(trial), *_address(settings, trial)] for trial in trials]
            for trial, job in zip(trials, sweep_run.run(batch), strict=True):
                _finish_trial(study, trial, job, settings)


def distribution(override: Override) -> BaseDistribution:
    """Returns the Optuna distribution of a sweep override."""
    value = override.value()
    if isinstance(value, IntervalSweep):
        low, high, log = value.start, value.end, "log" in value.tags
        assert low is not None and high is not None
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=log)
        return FloatDistribution(low, high, log=log)
    if isinstance(value, RangeSweep) and not value.shuffle:
        steps = value.range()
        if isinstance(steps, FloatRange):
            values = [float(step) for step in steps]
            return FloatDistribution(values[0], values[-1], step=float(value.step))
        log = "log" in value.tags
        return IntDistribution(steps[0], steps[-1], log=log, step=1 if log else steps.step)
    return CategoricalDistribution(list(override.sweep_string_iterator()))


def _sampler(settings: Mapping[str, Any], num_trials: int) -> optuna.samplers.BaseSampler:
    # With an unchanged seed, a continued search would repeat the first random numbers.
    seed = int(settings["seed"]) + num_trials
    if settings["name"] == "tpe":
        return optuna.samplers.TPESampler(
            n_startup_trials=int(settings["startup_trials"]), multivariate=True, constant_liar=True, seed=seed
        )
    if settings["name"] == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    raise KwspipeError("hydra.sweeper.sampler.name", repr(settings["name"]), "tpe or random", "choose one")


def _study(settings: SearchSettings) -> optuna.Study:
    """Creates or loads the study.

    Raises:
        KwspipeError: the study has other objectives.
    """
    directions = list(settings.objectives.values())
    names: dict[str, Any] = {"study_name": settings.study, "storage": settings.storage}
    study = optuna.create_study(**names, directions=directions, load_if_exists=True)
    existing = [direction.name.lower() for direction in study.directions]
    if existing != directions:
        raise KwspipeError(
            settings.storage,
            f"the study is that of another search: its directions are {existing}",
            "the settings with which the search was started",
            "choose another name for this search: name=...",
        )
    return optuna.load_study(
        study_name=settings.study,
        storage=settings.storage,
        sampler=_sampler(settings.sampler, len(study.trials)),
        pruner=pruner(settings.pruner),
    )


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


def _requeue_unfinished(study: optuna.Study) -> None:
    """Queues the parameters of trials that a killed sweep did not finish. Their jobs continue."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _num_ended(study: optuna.Study) -> int:
    return sum(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or FAILED in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )


def _new_trial(study: optuna.Study, space: dict[str, BaseDistribution]) -> optuna.Trial:
    try:
        return study.ask(space)
    except ValueError as error:  # the choices differ from those of earlier trials
        raise KwspipeError(
            study.study_name,
            f"Optuna rejects the space: {error}",
            "the same choices in every start of a search",
            "choose another name for this search: name=...",
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
