"""Learning rate schedules."""

from kwspipe.config import ScheduleConfig


def learning_rate(schedule: ScheduleConfig, epoch: int) -> float:
    """Returns the learning rate of an epoch, counted from 0: initial_learning_rate * decay ** epoch."""
    return schedule.initial_learning_rate * schedule.decay**epoch
