"""Number formatting of the pages."""

import pytest

from kwspipe.report.formatting import THIN, duration, percent, rate_interval, thousands


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.025, "25 ms"), (1.2, "1.2 s"), (117.5, "2.0 min"), (1080, "18 min"), (9000, "2.5 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds).replace(THIN, " ") == text


def test_missing_figures_are_dashes() -> None:
    assert percent(None) == thousands(None) == rate_interval(None) == "\N{EN DASH}"


def test_percent_does_not_wrap() -> None:
    assert percent(1.0) == f"100.0{THIN}%"
