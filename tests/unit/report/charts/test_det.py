"""Detection error trade-off: every coordinate is within the view box."""

import re

from hypothesis import given
from hypothesis import strategies as st

from kwspipe.report.charts import det
from support.svg_shapes import outside

RATE = st.floats(0, 1e5, allow_nan=False)
POINT = st.fixed_dictionaries(
    {"false_accepts_per_hour": RATE, "false_reject_rate": st.floats(0, 1, allow_nan=False)}
)


@given(st.lists(POINT, min_size=1, max_size=30), st.floats(0.001, 1e4), st.lists(POINT, max_size=3))
def test_points_and_marks_stay_within_the_chart(
    points: list[dict[str, float]], hours: float, marks: list[dict[str, float]]
) -> None:
    svg = det.draw(points, hours, [("balanced", "in use", mark) for mark in marks])
    assert svg is not None
    assert outside(svg) == []
    assert svg.count("<circle") == len(marks)


def test_axis_of_streams_without_false_accepts_has_a_tick() -> None:
    points = [{"false_accepts_per_hour": 0.0, "false_reject_rate": 0.5}]
    svg = det.draw(points, 0.02, [])
    assert svg is not None
    assert re.findall(r'text-anchor="middle">([^<]*)<', svg) == ["100"]


def test_no_chart_without_points_or_hours() -> None:
    point = {"false_accepts_per_hour": 1.0, "false_reject_rate": 0.5}
    assert det.draw([point], 0.0, []) is None
    assert det.draw([point | {"false_reject_rate": None}], 1.0, []) is None
