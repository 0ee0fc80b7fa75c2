"""Tells Optuna after each epoch how a trial stands, and stops it where others did better by then."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kwspipe.training.state import EpochResult

# The sweeper sets it in the environment of a job; the training process inherits it.
VARIABLE = "KWSPIPE_TRIAL"


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

    from kwspipe.sweep.record import PrunedError
    from kwspipe.sweep.search import pruner

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
