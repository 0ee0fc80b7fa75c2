"""Optuna study of a parameter search: settings, space of the overrides, trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from hydra.core.override_parser.types import FloatRange, IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from kwspipe.errors import KwspipeError
from kwspipe.sweep.results import NAMES
from kwspipe.training.pruning import pruner

# Attribute of trials whose job failed. Trials that a killed sweep did not finish do not have it.
FAILED = "failed"
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
        """True if trials are pruned. The only objective must be the figure that training reports."""
        return list(self.objectives) == ["validation"] and self.pruner["name"] != "none"


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


def open_study(settings: SearchSettings) -> optuna.Study:
    """Creates or loads the study.

    Raises:
        KwspipeError: the study has other objectives.
    """
    directions: list[Any] = list(settings.objectives.values())
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


def requeue_unfinished(study: optuna.Study) -> None:
    """Queues the parameters of trials that a killed sweep did not finish. Their jobs continue."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def num_ended(study: optuna.Study) -> int:
    """Returns the number of trials that are complete, pruned or failed."""
    return sum(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or FAILED in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )


def new_trial(study: optuna.Study, space: dict[str, BaseDistribution]) -> optuna.Trial:
    """Returns a trial with parameters that the sampler chooses.

    Raises:
        KwspipeError: the choices differ from those of earlier trials of the study.
    """
    try:
        return study.ask(space)
    except ValueError as error:
        raise KwspipeError(
            study.study_name,
            f"Optuna rejects the space: {error}",
            "the same choices in every start of a search",
            "choose another name for this search: name=...",
        ) from None
