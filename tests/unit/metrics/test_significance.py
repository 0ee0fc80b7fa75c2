"""McNemar, Holm and the interval of a paired difference, against figures worked out by hand and another library."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from kwspipe.metrics.significance import Paired, difference_interval, holm, mcnemar

COUNTS = st.integers(0, 300)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(Paired(1000, first, second)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_by_hand() -> None:
    assert mcnemar(Paired(50, 0, 5)) == 2 / 32  # five of five, both ways
    assert mcnemar(Paired(50, 1, 6)) == 2 * (1 + 7) / 128
    assert mcnemar(Paired(50, 3, 3)) == 1.0
    assert mcnemar(Paired(0, 0, 0)) == 1.0
    assert 0 < mcnemar(Paired(100_000, 3000, 4000)) < 1e-30  # past what a float holds as 2 ** n


def test_the_interval_by_hand() -> None:
    # n* = 102, b* = 10.5, c* = 4.5: difference -6 / 102; root of (15 - 36 / 102) / 102
    low, high = difference_interval(Paired(100, 10, 4))
    assert (low + high) / 2 == pytest.approx(-6 / 102)
    assert (high - low) / 2 == pytest.approx(1.959964 * (15 - 36 / 102) ** 0.5 / 102)
    low, high = difference_interval(Paired(3, 3, 0))
    assert -1 <= low < high < 0.2


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers(chances: list[float]) -> None:
    corrected = holm(chances)
    assert all(after >= before for before, after in zip(chances, corrected, strict=True))
    order = sorted(range(len(chances)), key=chances.__getitem__)
    assert [corrected[i] for i in order] == sorted(corrected)
