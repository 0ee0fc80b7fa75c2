"""Line charts: every coordinate is within the view box, and the curves show the values they are given."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.report.charts import curves
from kwspipe.report.drawing import NARROW, WIDE, field
from support.svg_shapes import outside, svgs

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
    # 19 of 20 positive clips are found without a false positive: the vertical axis starts at 94 %.
    false_rate, true_rate = np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.95, 1.0, 1.0])
    svg = curves.roc([("one", false_rate, true_rate, 0.98)], 40)
    lines = re.findall(r'<polyline class="curve series1" points="([^"]*)"', svg)
    for width, line in zip((NARROW, WIDE), lines, strict=True):
        left, top, right, bottom = field(width)
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert points[0] == pytest.approx((left, bottom - (bottom - top) / 6), abs=0.01)
        assert points[-1] == (right, top)


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


def test_training_is_labelled_at_both_ends_with_the_best_epoch() -> None:
    shares = {"training": [0.86, 0.9, 0.97], "validation": [0.87, 0.91, 0.9]}
    for svg in svgs(curves.training([1, 2, 3], shares, 1, "accuracy (%)", percent=True)):
        texts = [(text.text, text.attrib["class"]) for text in svg if text.tag == "text"]
        assert [text for text, style in texts if style == "tick"] == ["85", "90", "95", "100", "1", "2", "3"]
        assert ("best: epoch 2", "mark") in texts


def test_a_single_epoch_is_in_the_middle() -> None:
    svg = curves.training([1], {"training": [0.5]}, 0, "loss", percent=False)
    dots = svgs(svg)[0].findall("circle")
    left, _, right, _ = field(NARROW)
    assert [float(dot.attrib["cx"]) for dot in dots] == [(left + right) / 2]


def test_texts_are_above_all_shapes() -> None:
    bins = [{"clips": 5, "confidence": 0.5, "accuracy": 0.6}]
    for svg in svgs(curves.reliability(bins)):
        is_text = [element.tag == "text" for element in svg]
        assert is_text == sorted(is_text) and any(is_text)
