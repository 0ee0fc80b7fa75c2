"""Detection error trade-off: every coordinate is within the view box."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from kwspipe.report.charts import det
from kwspipe.report.drawing import NARROW, field
from support.svg_shapes import outside, svgs

RATE = st.floats(0, 1e5, allow_nan=False)
POINT = st.fixed_dictionaries(
    {"false_accepts_per_hour": RATE, "false_reject_rate": st.floats(0, 1, allow_nan=False)}
)


@given(st.lists(POINT, min_size=1, max_size=30), st.floats(0.001, 1e4), st.lists(POINT, max_size=3))
def test_points_and_marks_stay_within_the_chart(
    points: list[dict[str, float]], hours: float, marks: list[dict[str, float]]
) -> None:
    svg = det.draw(points, hours, [det.Mark("balanced", "in use", mark) for mark in marks])
    assert svg is not None
    assert outside(svg) == []
    assert svg.count("<circle") == 2 * len(marks)


def ticks(svg: ET.Element) -> list[str | None]:
    return [text.text for text in svg if text.attrib["class"] == "tick"]


def test_axes_have_ticks_at_both_ends() -> None:
    """The axis of missed keywords ends above the figure of the mark."""
    points = [
        {"false_accepts_per_hour": 80.0, "false_reject_rate": 0.0},
        {"false_accepts_per_hour": 0.0, "false_reject_rate": 1.0},
    ]
    mark = det.Mark("balanced", "in use: 57 %", {"false_accepts_per_hour": 3.0, "false_reject_rate": 0.133})
    markup = det.draw(points, 10.0, [mark])
    assert markup is not None
    for svg in svgs(markup):
        assert ticks(svg) == ["0", "5", "10", "15", "20", "0", "1", "10", "100"]
        texts = [text.text for text in svg if "mark" in text.attrib["class"]]
        assert texts == ["in use: 57 %", "3 per hour, 13.3 % missed"]
        (line,) = svg.findall("polyline")
        top = min(float(point.split(",")[1]) for point in line.attrib["points"].split())
        assert top == field(NARROW)[1]  # the curve ends at the upper edge


def test_each_threshold_has_a_position_for_the_slider() -> None:
    points = [
        {"threshold": 100, "false_accepts_per_hour": 50.0, "false_reject_rate": 0.05},
        {"threshold": 200, "false_accepts_per_hour": 0.0, "false_reject_rate": 1.0},
    ]
    mark = det.Mark("balanced", "in use", points[0])
    for svg in svgs(det.draw(points, 1.0, [mark]) or ""):
        (probe,) = [circle for circle in svg.findall("circle") if circle.attrib["class"] == "probe"]
        (dot,) = [circle for circle in svg.findall("circle") if circle.attrib["class"] != "probe"]
        left, top = field(float(svg.attrib["viewBox"].split()[2]))[:2]
        first, second = probe.attrib["data-points"].split()
        assert first == f"100:{float(dot.attrib['cx']):.1f},{float(dot.attrib['cy']):.1f}"
        assert second == f"200:{left:.1f},{top:.1f}"  # above the chart


def test_axis_of_streams_without_false_accepts_has_ticks() -> None:
    markup = det.draw([{"false_accepts_per_hour": 0.0, "false_reject_rate": 0.5}], 0.02, [])
    assert markup is not None
    assert ticks(svgs(markup)[0])[-5:] == ["0", "50", "100", "200", "500"]


def test_labels_of_close_marks_do_not_overlap() -> None:
    figures = {"false_accepts_per_hour": 5.0, "false_reject_rate": 0.05}
    points = [figures, {"false_accepts_per_hour": 0.0, "false_reject_rate": 1.0}]
    marks = [det.Mark("balanced", name, figures) for name in ("in use: 57 %", "configured: 60 %")]
    markup = det.draw(points, 1.0, marks)
    assert markup is not None
    for svg in svgs(markup):
        first, second = (text for text in svg if text.attrib["class"] == "mark strong")
        distances = [abs(float(first.attrib[key]) - float(second.attrib[key])) for key in ("x", "y")]
        assert distances[0] > 150 or distances[1] >= 2 * det.LINE_HEIGHT


def test_no_chart_without_points_or_hours() -> None:
    point = {"false_accepts_per_hour": 1.0, "false_reject_rate": 0.5}
    assert det.draw([point], 0.0, []) is None
    assert det.draw([point | {"false_reject_rate": None}], 1.0, []) is None
