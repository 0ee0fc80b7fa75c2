"""Counter-based random numbers."""

import numpy as np
import pytest

from kwspipe.augment.random import CounterRng, clip_keys


def test_random_numbers_do_not_depend_on_the_batch() -> None:
    batch = CounterRng(clip_keys(7, 3, np.arange(100)), stream=2)
    alone = CounterRng(clip_keys(7, 3, np.array([41])), stream=2)
    assert batch.uniform()[41] == alone.uniform()[0]
    selected = batch.take(np.array([40, 41]))
    assert selected.uniform()[1] == alone.uniform()[0]


@pytest.mark.parametrize("changed", [(8, 3, 41), (7, 4, 41), (7, 3, 42), (3, 7, 41)])
def test_random_numbers_depend_on_every_part_of_the_key(changed: tuple[int, int, int]) -> None:
    assert CounterRng(clip_keys(7, 3, 41)).bits() != CounterRng(clip_keys(*changed)).bits()


def test_random_numbers_depend_on_the_stream() -> None:
    keys = clip_keys(7, 3, 41)
    assert CounterRng(keys, 0).bits() != CounterRng(keys, 1).bits()


def test_random_numbers_are_uniform_and_independent() -> None:
    rng = CounterRng(clip_keys(1, 2, np.arange(20000)))
    first, second = rng.uniform(), rng.uniform()
    assert first.min() >= 0 and first.max() < 1
    counts, _ = np.histogram(first, 20)
    assert (
        np.sum((counts - 1000) ** 2 / 1000) < 45
    )  # chi-squared with 19 degrees of freedom, probability 1/1000
    for a, b in ((first, second), (first[1:], first[:-1])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.025


def test_integers_below_a_bound() -> None:
    rng = CounterRng(clip_keys(np.arange(5000)))
    assert set(rng.below(3)) == {0, 1, 2}
    assert not rng.below(1).any()
    bounds = np.arange(5000) + 1
    assert np.all(rng.below(bounds) < bounds)
