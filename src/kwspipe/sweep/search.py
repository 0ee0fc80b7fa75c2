"""Optuna as the sweeper: asks for parameters, launches jobs, tells what came out of them."""

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
from kwspipe.sweep.sweeping import Sweeping
from kwspipe.training.pruning import VARIABLE, TrialAddress, pruner

FAILED = "failed"  # attribute of trials that failed by themselves, and not because the sweep was killed
DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class SearchSettings:
    """conf/hydra/sweeper/optuna.yaml.

    Attributes:
        objectives: direction by figure; with several, the best are those that no other beats in all.
        num_trials: together, over all starts of the sweep.
        num_jobs: trials at a time.
        storage: of Optuna; ``sqlite:///`` with a path.
        study: its name in the storage.
        sampler: ``name`` tpe or random, ``seed``, ``startup_trials`` (at random before TPE begins).
        pruner: ``name`` median, halving or none, and its settings.
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
        """Pruning compares what training reports, which has to be the one objective."""
        return list(self.objectives) == ["validation"] and self.pruner["name"] != "none"


def search(settings: SearchSettings, overrides: Sequence[Override], sweeping: Sweeping) -> None:
    """Runs trials until there are as many as the settings say.

    Args:
        settings: of the search.
        overrides: of the command line; those that sweep make the space, the others hold for every trial.
        sweeping: runs the jobs.

    Raises:
        KwspipeError: another sweep searches there, or a job leaves no figure for an objective.
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
    with _held(sweeping.sweep_dir):
        study = _study(settings)
        _ask_again_for_lost(study)
        console = Console(stderr=True, highlight=False)
        while (missing := settings.num_trials - _num_over(study)) > 0:
            trials = [_ask(study, space) for _ in range(min(settings.num_jobs, missing))]
            console.print(f"trials {_num_over(study) + 1} to {_num_over(study) + len(trials)} "
                          f"of {settings.num_trials}")  # fmt: skip
            batch = [[*fixed, *_values(trial), *_address(settings, trial)] for trial in trials]
            for trial, job in zip(trials, sweeping.run(batch), strict=True):
                _tell(study, trial, job, settings)


def distribution(override: Override) -> BaseDistribution:
    """Returns what an override asks for as a distribution of Optuna's."""
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
            every = [float(step) for step in steps]
            return FloatDistribution(every[0], every[-1], step=float(value.step))
        log = "log" in value.tags
        return IntDistribution(steps[0], steps[-1], log=log, step=1 if log else steps.step)
    return CategoricalDistribution(list(override.sweep_string_iterator()))


def _sampler(settings: Mapping[str, Any], num_trials: int) -> optuna.samplers.BaseSampler:
    # With the same seed again, a search that is gone on with would begin with the same random draws.
    seed = int(settings["seed"]) + num_trials
    if settings["name"] == "tpe":
        return optuna.samplers.TPESampler(
            n_startup_trials=int(settings["startup_trials"]), multivariate=True, constant_liar=True, seed=seed
        )
    if settings["name"] == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    raise KwspipeError("hydra.sweeper.sampler.name", repr(settings["name"]), "tpe or random", "choose one")


def _study(settings: SearchSettings) -> optuna.Study:
    directions = list(settings.objectives.values())
    names: dict[str, Any] = {"study_name": settings.study, "storage": settings.storage}
    study = optuna.create_study(**names, directions=directions, load_if_exists=True)
    if [direction.name.lower() for direction in study.directions] != directions:
        raise _another_search(settings, f"its directions are {[d.name.lower() for d in study.directions]}")
    return optuna.load_study(
        study_name=settings.study,
        storage=settings.storage,
        sampler=_sampler(settings.sampler, len(study.trials)),
        pruner=pruner(settings.pruner),
    )


def _another_search(settings: SearchSettings, what: str) -> KwspipeError:
    return KwspipeError(
        settings.storage,
        f"it holds another search: {what}",
        "the search that was begun there",
        "give this one a name of its own: name=...",
    )


@contextmanager
def _held(sweep_dir: Path) -> Iterator[None]:
    """Keeps a second sweep from taking this one's trials for lost."""
    sweep_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(sweep_dir / ".optuna.lock", timeout=0):
            yield
    except Timeout:
        raise KwspipeError(
            str(sweep_dir),
            "another sweep searches there",
            "one search at a time in a folder",
            "wait for it, or give this one a name of its own: name=...",
        ) from None


def _ask_again_for_lost(study: optuna.Study) -> None:
    """Trials that were under way when the sweep was killed come first; their jobs go on where they were."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _num_over(study: optuna.Study) -> int:
    return sum(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or FAILED in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )


def _ask(study: optuna.Study, space: dict[str, BaseDistribution]) -> optuna.Trial:
    try:
        return study.ask(space)
    except ValueError as error:  # other choices than the trials before it had
        raise KwspipeError(
            study.study_name,
            f"Optuna refuses: {error}",
            "the same choices in every start of a search",
            "give this search a name of its own: name=...",
        ) from None


def _values(trial: optuna.Trial) -> list[str]:
    return [f"{key}={value}" for key, value in trial.params.items()]


def _address(settings: SearchSettings, trial: optuna.Trial) -> list[str]:
    if not settings.prunes:
        return []
    address = TrialAddress(settings.storage, settings.study, trial.number, settings.pruner).as_text()
    quoted = address.replace("\\", "\\\\").replace("'", "\\'")
    return [f"+hydra.job.env_set.{VARIABLE}='{quoted}'"]


def _tell(study: optuna.Study, trial: optuna.Trial, job: Job, settings: SearchSettings) -> None:
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
            f"{name}, which {job.folder} does not give",
            "figures of the stages that run: validation needs train, image_bytes and instructions need quantize, "
            "accuracy and false_accepts_per_hour need evaluate",
            "add the stage to `stages`, or choose another objective",
        )
    study.tell(trial, [float(value) for value in values if value is not None])
