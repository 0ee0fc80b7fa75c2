"""McNemar test, Holm correction and interval of a paired difference, compared with SciPy and manual calculations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from kwspipe.metrics.significance import Paired, difference_interval, holm, mcnemar

COUNTS = st.integers(0, 300)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_mcnemar_equals_the_binomial_test_of_scipy(first: int, second: int) -> None:
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(Paired(1000, first, second)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_of_small_examples() -> None:
    assert mcnemar(Paired(50, 0, 5)) == 2 / 32  # five of five, two-sided
    assert mcnemar(Paired(50, 1, 6)) == 2 * (1 + 7) / 128
    assert mcnemar(Paired(50, 3, 3)) == 1.0
    assert mcnemar(Paired(0, 0, 0)) == 1.0
    assert 0 < mcnemar(Paired(100_000, 3000, 4000)) < 1e-30  # 2 ** n exceeds the range of float


def test_interval_of_a_small_example() -> None:
    # n* = 102, b* = 10.5, c* = 4.5. The difference is -6 / 102, the deviation sqrt(15 - 36 / 102) / 102.
    low, high = difference_interval(Paired(100, 10, 4))
    assert (low + high) / 2 == pytest.approx(-6 / 102)
    assert (high - low) / 2 == pytest.approx(1.959964 * (15 - 36 / 102) ** 0.5 / 102)
    low, high = difference_interval(Paired(3, 3, 0))
    assert -1 <= low < high < 0.2


def test_holm_of_small_examples() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_does_not_lower_p_values(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(after >= before for before, after in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[i] for i in order] == sorted(corrected)
