"""Line charts: every coordinate is within the view box, and the curves show the values they are given."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.report.charts import curves
from support.svg_shapes import outside

SHARE = st.floats(0, 1, allow_nan=False)


@st.composite
def classified_clips(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    num_clips, num_classes = draw(st.integers(2, 60)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    targets = rng.integers(0, num_classes, num_clips)
    # From a model that separates the classes almost perfectly to one that guesses.
    scores = rng.random((num_clips, num_classes)) + draw(st.floats(0, 2)) * np.eye(num_classes)[targets]
    return targets, scores.round(draw(st.integers(1, 6)))


@settings(deadline=None)  # the first example imports scikit-learn
@given(classified_clips())
def test_roc_curves_stay_within_the_chart(clips: tuple[np.ndarray, np.ndarray]) -> None:
    targets, scores = clips
    found = curves.roc_curves(targets, scores, [str(label) for label in range(scores.shape[1])])
    assert outside(curves.roc(found, len(targets))) == []


def test_a_roc_curve_starts_at_the_left_edge_of_the_field() -> None:
    # 19 of 20 positive clips are found without a false positive: the vertical axis starts at 90 %.
    false_rate, true_rate = np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.95, 1.0, 1.0])
    svg = curves.roc([("one", false_rate, true_rate, 0.98)], 40)
    points = re.findall(r'<polyline class="curve series1" points="([^"]*)"', svg)[0].split()
    left, top, right, bottom = curves.BOX
    assert points[0] == f"{left:g},{(top + bottom) / 2:g}"
    assert points[-1] == f"{right:g},{top:g}"


def test_chart_without_curves() -> None:
    assert outside(curves.roc([], 0)) == []


@given(st.lists(st.tuples(SHARE, SHARE), min_size=1, max_size=40), st.data())
def test_accuracy_stays_within_the_chart(rows: list[tuple[float, float]], data: st.DataObject) -> None:
    selected = data.draw(st.integers(0, len(rows) - 1))
    training, validation = zip(*rows, strict=True)
    shares = {"training": training, "validation": validation}
    svg = curves.training(range(1, len(rows) + 1), shares, selected, "accuracy (%)", percent=True)
    assert outside(svg) == []


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_loss_stays_within_the_chart(losses: list[float]) -> None:
    svg = curves.training(range(1, len(losses) + 1), {"training": losses}, 0, "loss", percent=False)
    assert outside(svg) == []


@given(st.lists(st.tuples(st.integers(0, 10**6), SHARE, SHARE), min_size=1, max_size=20))
def test_reliability_stays_within_the_chart(bins: list[tuple[int, float, float]]) -> None:
    names = ("clips", "confidence", "accuracy")
    assert outside(curves.reliability([dict(zip(names, entry, strict=True)) for entry in bins])) == []


@pytest.mark.parametrize(("rank", "style"), [(0, "series1"), (5, "series6"), (6, "others")])
def test_colours(rank: int, style: str) -> None:
    assert curves.colour(rank) == style
