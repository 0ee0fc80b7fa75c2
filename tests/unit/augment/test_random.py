"""Random numbers as a function of the clip."""

import numpy as np
import pytest

from kwspipe.augment.random import CounterRng, clip_keys


def test_a_clips_numbers_do_not_depend_on_its_batch() -> None:
    whole = CounterRng(clip_keys(7, 3, np.arange(100)), stream=2)
    alone = CounterRng(clip_keys(7, 3, np.array([41])), stream=2)
    assert whole.uniform()[41] == alone.uniform()[0]
    taken = whole.take(np.array([40, 41]))
    assert taken.uniform()[1] == alone.uniform()[0]


@pytest.mark.parametrize("changed", [(8, 3, 41), (7, 4, 41), (7, 3, 42), (3, 7, 41)])
def test_they_depend_on_every_part_of_the_key(changed: tuple[int, int, int]) -> None:
    assert CounterRng(clip_keys(7, 3, 41)).bits() != CounterRng(clip_keys(*changed)).bits()


def test_they_depend_on_the_transform() -> None:
    keys = clip_keys(7, 3, 41)
    assert CounterRng(keys, 0).bits() != CounterRng(keys, 1).bits()


def test_they_are_even_and_independent() -> None:
    draws = CounterRng(clip_keys(1, 2, np.arange(20000)))
    first, second = draws.uniform(), draws.uniform()
    assert first.min() >= 0 and first.max() < 1
    counts, _ = np.histogram(first, 20)
    assert np.sum((counts - 1000) ** 2 / 1000) < 45  # chi-squared of 19 degrees of freedom, 1 in 1000
    for a, b in ((first, second), (first[1:], first[:-1])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.025


def test_integers_reach_every_value_and_no_other() -> None:
    draws = CounterRng(clip_keys(np.arange(5000)))
    assert set(draws.below(3)) == {0, 1, 2}
    assert not draws.below(1).any()
    bounds = np.arange(5000) + 1
    assert np.all(draws.below(bounds) < bounds)
