"""Optimizer and moving average of the weights, compared with their definitions."""

import pytest

from support.own_process import printed_with_tensorflow


@pytest.fixture(scope="module")
def measured() -> dict:
    return printed_with_tensorflow("compare_optimizers.py")


def test_optimizer_is_adam_with_decoupled_weight_decay(measured: dict) -> None:
    assert measured["optimizers"] == ["Adam", "Adam"]
    assert measured["weight_decay"] == [0.3, None]
    assert measured["from_adamw"] < 1e-5 < 0.01 < measured["moved"]


def test_average_of_the_weights_is_exponential_and_the_latest_weights_are_restored(
    measured: dict,
) -> None:
    assert measured["average"] < 1e-5
    assert measured["average_from_latest"] > 1e-3
    assert measured["restored"] == 0


def test_weights_do_not_change_without_an_average(measured: dict) -> None:
    assert measured["without_average"] == 0
