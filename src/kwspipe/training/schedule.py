"""Learning rate schedules."""

import math

from kwspipe.config import ScheduleConfig


def learning_rate(schedule: ScheduleConfig, epoch: int, epochs: int) -> float:
    """Returns the learning rate of an epoch.

    ``exponential`` is initial * decay ** epoch. ``cosine`` (Loshchilov and Hutter 2017, arXiv:1608.03983, without
    restarts) falls along half a cosine from initial to initial * decay. Over ``warmup_epochs`` either rises linearly
    from initial / (warmup_epochs + 1) (Goyal et al. 2017, arXiv:1706.02677).

    Args:
        schedule: which one, and its constants.
        epoch: counted from 0.
        epochs: of the whole training.
    """
    warmup, initial = schedule.warmup_epochs, schedule.initial_learning_rate
    if epoch < warmup:
        return initial * (epoch + 1) / (warmup + 1)
    if schedule.name == "exponential":
        return initial * schedule.decay ** (epoch - warmup)
    progress = (epoch - warmup) / max(1, epochs - 1 - warmup)
    share = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return initial * (schedule.decay + (1 - schedule.decay) * share)
