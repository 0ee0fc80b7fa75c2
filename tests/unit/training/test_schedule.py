"""Learning rates."""

import pytest

from kwspipe.config import ScheduleConfig
from kwspipe.training.schedule import learning_rate


def rates(name: str, decay: float, warmup: int, epochs: int) -> list[float]:
    schedule = ScheduleConfig(name=name, initial_learning_rate=0.5, decay=decay, warmup_epochs=warmup)  # type: ignore[arg-type]
    return [learning_rate(schedule, epoch, epochs) for epoch in range(epochs)]


def test_exponential_is_the_tutorials_formula():
    assert rates("exponential", 0.95, 0, 4) == pytest.approx([0.5, 0.5 * 0.95, 0.5 * 0.95**2, 0.5 * 0.95**3])


def test_cosine_falls_from_the_initial_rate_to_its_share():
    values = rates("cosine", 0.1, 0, 5)
    assert values[0] == 0.5
    assert values[2] == pytest.approx((0.5 + 0.05) / 2)
    assert values[-1] == pytest.approx(0.05)
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("name", ["exponential", "cosine"])
def test_the_warm_up_rises_in_equal_steps_and_ends_at_the_initial_rate(name: str):
    assert rates(name, 0.5, 3, 8)[:4] == pytest.approx([0.125, 0.25, 0.375, 0.5])


def test_a_single_epoch_has_the_initial_rate():
    assert rates("cosine", 0.1, 0, 1) == [0.5]
