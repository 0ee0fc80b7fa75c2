"""Learning rate schedules."""

import math

from kwspipe.config import ScheduleConfig


def learning_rate(schedule: ScheduleConfig, epoch: int, epochs: int) -> float:
    """Returns the learning rate of an epoch.

    ``exponential`` is initial * decay ** epoch. ``cosine`` (Loshchilov and Hutter 2017, arXiv:1608.03983, without
    restarts) decreases along half a cosine from initial to initial * decay. Before that, the rate increases linearly
    over ``warmup_epochs`` from initial / (warmup_epochs + 1) (Goyal et al. 2017, arXiv:1706.02677).

    Args:
        schedule: the schedule and its constants.
        epoch: number of the epoch, counted from 0.
        epochs: number of epochs of the training.
    """
    initial = schedule.initial_learning_rate
    if schedule.name == "exponential":
        return initial * schedule.decay**epoch
    warmup = schedule.warmup_epochs
    if epoch < warmup:
        return initial * (epoch + 1) / (warmup + 1)
    progress = (epoch - warmup) / max(1, epochs - 1 - warmup)
    share = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return initial * (schedule.decay + (1 - schedule.decay) * share)
