"""Pruning of the trials of an Optuna sweep: reports the validation result of each epoch and stops poor trials."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kwspipe.errors import KwspipeError
from kwspipe.training.state import EpochResult

if TYPE_CHECKING:
    import optuna

# The sweeper sets the variable in the environment of a job, and the process of the stage inherits it.
VARIABLE = "KWSPIPE_TRIAL"


class PrunedError(KwspipeError):
    """Raised when the pruner stops a trial whose results are worse than those of other trials at the same epoch."""


@dataclass(frozen=True)
class TrialAddress:
    """Address of a trial: Optuna's storage, the study, the number of the trial and the settings of the pruner."""

    storage: str
    study: str
    number: int
    pruner: Mapping[str, Any]

    def as_text(self) -> str:
        """Returns the value of the environment variable."""
        return json.dumps(asdict(self))


def pruning_callback() -> Callable[[EpochResult], None] | None:
    """Returns the function that the training loop calls after each epoch, None outside of an Optuna sweep.

    The function reports the mean recall on validation to Optuna. It raises PrunedError if the trial is to end. The
    state of the training is kept, so that the trial can be resumed.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    import optuna

    address = TrialAddress(**json.loads(text))
    study = optuna.load_study(
        study_name=address.study,
        storage=address.storage,
        # The parameters are already chosen. The default sampler would read all trials to choose them again.
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
                f"trial {address.number} had a mean recall of {value:.3f} on validation after epoch {result.epoch + 1}",
                "the result that the pruner requires at that epoch",
                "set hydra.sweeper.pruner.name=none to run every trial to its end",
            )

    return report


def pruner(settings: Mapping[str, Any]) -> "optuna.pruners.BasePruner":
    """Returns the pruner of Optuna with the configured name."""
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
