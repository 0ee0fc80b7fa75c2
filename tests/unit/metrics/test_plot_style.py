"""Common style of the plots: ticks."""

import pytest
from matplotlib.figure import Figure

from kwspipe.metrics import plot_style


@pytest.mark.parametrize(
    ("first", "last", "count", "expected"),
    [
        (1, 1, 6, [1]),
        (1, 2, 6, [1, 2]),
        (1, 12, 6, [1, 2, 4, 6, 8, 10, 12]),
        (1, 30, 6, [1, 5, 10, 15, 20, 25, 30]),
        (1, 31, 6, [1, 5, 10, 15, 20, 25, 31]),
        (70, 100, 5, [70, 80, 90, 100]),
    ],
)
def test_integer_ticks_contain_both_ends(first: int, last: int, count: int, expected: list[int]) -> None:
    assert plot_style.integer_ticks(first, last, count) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(36.7, 500, ["0", "50", "100", "200", "500"]), (0.04, 100, ["0", "0.1", "1", "10", "100"])],
)
def test_log_ticks_have_labels_at_both_ends(low: float, high: float, expected: list[str]) -> None:
    axes = Figure().subplots()
    plot_style.set_log_ticks(axes, low, high)
    positions = dict(
        zip((text.get_text() for text in axes.get_xticklabels()), axes.get_xticks(), strict=True)
    )
    assert sorted(positions, key=lambda text: positions[text]) == expected
    assert axes.get_xlim() == (low, high)


@pytest.mark.parametrize(("value", "expected"), [(0.9, 1), (1, 1), (1.1, 2), (230, 500), (501, 1000)])
def test_next_round(value: float, expected: float) -> None:
    assert plot_style.next_round(value) == expected
