"""Learning rate schedules."""

import pytest

from kwspipe.config import CosineScheduleConfig, ExponentialScheduleConfig
from kwspipe.training.schedule import learning_rate


def cosine_rates(decay: float, warmup: int, epochs: int) -> list[float]:
    schedule = CosineScheduleConfig("cosine", 0.5, decay, warmup)
    return [learning_rate(schedule, epoch, epochs) for epoch in range(epochs)]


def test_exponential_is_the_specified_formula():
    schedule = ExponentialScheduleConfig("exponential", 0.0005, 0.95)
    rates = [learning_rate(schedule, epoch, 4) for epoch in range(4)]
    assert rates == pytest.approx([0.0005, 0.0005 * 0.95, 0.0005 * 0.95**2, 0.0005 * 0.95**3])


def test_cosine_decreases_from_the_initial_rate_to_its_share():
    values = cosine_rates(0.1, 0, 5)
    assert values[0] == 0.5
    assert values[2] == pytest.approx((0.5 + 0.05) / 2)
    assert values[-1] == pytest.approx(0.05)
    assert values == sorted(values, reverse=True)


def test_the_warm_up_increases_in_equal_steps_to_the_initial_rate():
    assert cosine_rates(0.5, 3, 8)[:4] == pytest.approx([0.125, 0.25, 0.375, 0.5])


def test_a_single_epoch_has_the_initial_rate():
    assert cosine_rates(0.1, 0, 1) == [0.5]
