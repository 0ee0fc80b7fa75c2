"""Page of a comparison of runs."""

import pytest

from kwspipe.metrics.comparison import Comparison, compare
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.predictions import Prediction
from kwspipe.report import comparison_page
from support.parsed_page import Page


def comparison(*names: str) -> Comparison:
    labels = ("one", "_unknown_")
    runs = [
        EvaluatedRun(name, labels, {"int8": {"accuracy": 1.0}}, {"1": Prediction("one", "one", 0.5)}, {})
        for name in names
    ]
    return compare(runs, False, 0.05)


def test_page_is_self_contained_and_escapes_names() -> None:
    text = comparison_page.compose(comparison("<b>first", "second"))
    page = Page(text)
    assert page.faults == [] and page.fetched() == [] and page.handlers() == []
    assert "<b>" not in text and "&lt;b&gt;first" in text
    assert len(page.all("caption")) == len(page.all("table")) > 2
    assert "No difference between second and <b>first is shown by these clips." in page.words
    assert "100.0 % 21–100" in page.words


@pytest.mark.parametrize(("count", "scrolled"), [(5, 0), (6, 2)])
def test_columns_of_many_runs_are_letters(count: int, scrolled: int) -> None:
    page = Page(comparison_page.compose(comparison(*(f"run_number_{n}" for n in range(count)))))
    assert "B, C, D, E" in page.words and "No difference between B and A" in page.words
    assert "A run_ number_ 0" in page.words
    regions = [box for box in page.all("div") if box.get("role") == "region"]
    assert [box["tabindex"] for box in regions] == ["0"] * len(regions)
    assert (len(regions) > 0) == (scrolled > 0)
