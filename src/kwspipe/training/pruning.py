"""Tells Optuna after each epoch how a trial stands, and stops it where others did better by then."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kwspipe.errors import KwspipeError
from kwspipe.training.state import EpochResult

if TYPE_CHECKING:
    import optuna

# The sweeper sets it in the environment of a job; the training process inherits it.
VARIABLE = "KWSPIPE_TRIAL"


class PrunedError(KwspipeError):
    """Raised where the sweeper ends a trial because others had better results at the same epoch; not a failure."""


@dataclass(frozen=True)
class TrialAddress:
    """Where a trial is kept: Optuna's storage, the study in it, the trial's number; and how to prune it."""

    storage: str
    study: str
    number: int
    pruner: Mapping[str, Any]

    def as_text(self) -> str:
        """Returns what the variable holds."""
        return json.dumps(asdict(self))


def reporter() -> Callable[[EpochResult], None] | None:
    """Returns what the training loop has to call after each epoch, None where no sweeper listens.

    It tells Optuna the mean recall on validation, and raises PrunedError where the trial shall end. What was trained
    stays, so that it can be gone on with.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    import optuna

    address = TrialAddress(**json.loads(text))
    study = optuna.load_study(
        study_name=address.study,
        storage=address.storage,
        # The parameters are chosen; the default sampler would read all trials to choose them again.
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruner(address.pruner),
    )
    trial = optuna.trial.Trial(study, study.trials[address.number]._trial_id)

    def report(result: EpochResult) -> None:
        value = result.val_balanced_accuracy
        trial.report(value, result.epoch)
        if trial.should_prune():
            raise PrunedError(
                "hydra/sweeper=optuna",
                f"trial {address.number} stood at {value:.3f} on validation after epoch {result.epoch + 1}",
                "what the pruner asks for at that epoch",
                "hydra.sweeper.pruner.name=none lets every trial run to its end",
            )

    return report


def pruner(settings: Mapping[str, Any]) -> "optuna.pruners.BasePruner":
    """Returns Optuna's pruner of that name."""
    import optuna

    warmup = int(settings["warmup_epochs"])
    if settings["name"] == "median":
        return optuna.pruners.MedianPruner(int(settings["startup_trials"]), warmup)
    if settings["name"] == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=max(warmup, 1))
    if settings["name"] == "none":
        return optuna.pruners.NopPruner()
    raise KwspipeError(
        "hydra.sweeper.pruner.name", repr(settings["name"]), "median, halving or none", "choose one of them"
    )
