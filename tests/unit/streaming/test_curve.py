"""Counts at each threshold."""

from kwspipe.core.detector import pack_settings
from kwspipe.streaming import curve
from support.streams import RATE_HZ, SCORE_LABELS, make_detector, make_scores


def test_the_curve_has_a_point_for_each_change() -> None:
    words, speech = (
        make_scores("words", [("one", 200), ("one", 100)], True),
        make_scores("negative", [("one", 150)], False),
    )
    counts = curve.count_at_thresholds(
        [words, speech], pack_settings(make_detector(), SCORE_LABELS), SCORE_LABELS, 1500, RATE_HZ
    )
    assert curve.det_points(counts, ["negative"]) == [
        {"threshold": 0, "false_accepts_per_hour": 1.0, "false_reject_rate": 0.0},
        {"threshold": 100, "false_accepts_per_hour": 1.0, "false_reject_rate": 0.5},
        {"threshold": 150, "false_accepts_per_hour": 0.0, "false_reject_rate": 0.5},
        {"threshold": 200, "false_accepts_per_hour": 0.0, "false_reject_rate": 1.0},
    ]


def test_the_curve_has_no_points_below_the_threshold_of_the_model_with_too_many_false_accepts() -> None:
    words = make_scores("words", [("one", 200)], True)
    speech = make_scores("negative", [("one", score) for score in range(50, 200)], False)
    counts = curve.count_at_thresholds(
        [words, speech], pack_settings(make_detector(), SCORE_LABELS), SCORE_LABELS, 1500, RATE_HZ
    )
    for in_use, first, rate in ((0, 0, 150.0), (70, 70, 129.0), (180, 99, 100.0)):
        point = curve.det_points(counts, ["negative"], in_use)[0]
        assert (point["threshold"], point["false_accepts_per_hour"]) == (first, rate)
