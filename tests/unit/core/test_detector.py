"""Detector of the C core, compared with a simple implementation of the algorithm."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.core.detector import Detection, Detector, pack_settings
from kwspipe.errors import KwspipeError

from support.detector_config import CONFIG, LABELS  # isort: skip


def simple_detector(config, labels, thresholds, scores, times_ms):
    """Returns (class, mean score, time) of each detection, for times that do not wrap.

    The algorithm is that of the vendor's documentation (metadata.md). With ``compare_keywords_only``, the means of the
    other classes and of keywords that do not exceed their thresholds are not compared.
    """
    queue, last_ms, last_index, detections = [], None, None, []
    for row, now in zip(scores.astype(int) + 128, times_ms, strict=True):
        queue = [(time, past) for time, past in queue if now - time <= config.average_window_duration_ms]
        queue = [*queue, (now, row)][-config.queue_length :]
        if len(queue) < config.minimum_count:
            continue
        averaged = [past for _, past in queue] if config.minimum_count else [row]
        means = [sum(int(past[index]) for past in averaged) // len(averaged) for index in range(len(labels))]
        above = [
            mean > threshold and not label.startswith("_")
            for mean, threshold, label in zip(means, thresholds, labels, strict=True)
        ]
        compared = [i for i in range(len(labels)) if above[i] or not config.compare_keywords_only]
        if not compared:
            continue
        top = max(compared, key=lambda index: (means[index], -index))
        recent = last_ms is not None and now - last_ms <= config.suppression_ms
        if config.suppress_same_word_only:
            recent = recent and top == last_index
        if above[top] and not recent:
            last_ms, last_index = now, top
            detections.append((top, means[top], now))
    return detections


def as_tuples(detections):
    return [(detection.index, detection.score, detection.time_ms) for detection in detections]


@st.composite
def streams(draw):
    latency_ms, window_ms = (
        draw(st.sampled_from([0, 10, 50, 100])),
        draw(st.sampled_from([0, 100, 333, 1000])),
    )
    config = replace(
        CONFIG,
        average_window_duration_ms=window_ms,
        latency_ms=latency_ms,
        minimum_count=draw(st.integers(0, min(4, window_ms // max(latency_ms, 10) + 1))),
        suppression_ms=draw(st.sampled_from([0, 90, 500, 60000])),
        suppress_same_word_only=draw(st.booleans()),
        compare_keywords_only=draw(st.booleans()),
    )
    labels = draw(st.sampled_from([["one"], ["a", "b"], LABELS, [*"abcdefghij", "_unknown_"]]))
    thresholds = draw(st.lists(st.integers(0, 255), min_size=len(labels), max_size=len(labels)))
    steps = draw(st.lists(st.sampled_from([0, 1, 10, 50, 100, 101, 1000, 70000]), max_size=60))
    # Few levels, so that ties and equal means of different sums occur.
    levels = st.sampled_from([-128, -127, 0, 1, 100, 126, 127])
    size = len(steps) * len(labels)
    scores = np.array(draw(st.lists(levels, min_size=size, max_size=size)), np.int8)
    return (
        config,
        labels,
        thresholds,
        scores.reshape(len(steps), len(labels)),
        np.cumsum(steps, dtype=np.int64),
    )


@given(streams(), st.integers(0, 2**32 - 1))
@settings(max_examples=250, deadline=None)
def test_equals_the_simple_detector_at_any_start_time(stream, start_ms):
    config, labels, thresholds, scores, times_ms = stream
    detector = Detector(pack_settings(config, labels, thresholds), labels)
    expected = simple_detector(config, labels, thresholds, scores, times_ms)
    actual = detector.process_many(scores, times_ms + start_ms)
    assert as_tuples(actual) == [(top, mean, (now + start_ms) % 2**32) for top, mean, now in expected]
    detector.reset()
    one_by_one = [
        detector.process(row, int(now)) for row, now in zip(scores, times_ms + start_ms, strict=True)
    ]
    assert [detection for detection in one_by_one if detection] == actual


def scores_of(*heights):
    """Returns a row per (class, height): the score of the class is height - 128, all others are -128."""
    rows = np.full((len(heights), len(LABELS)), -128, np.int8)
    for row, (index, height) in zip(rows, heights, strict=True):
        row[index] = height - 128
    return rows


def detect(config, heights, times_ms):
    detector = Detector(pack_settings(config, LABELS), LABELS)
    return [(d.label, d.time_ms) for d in detector.process_many(scores_of(*heights), np.array(times_ms))]


def test_a_detection_has_keyword_mean_score_and_time():
    detector = Detector(pack_settings(CONFIG, LABELS), LABELS)
    assert detector.process(scores_of((1, 255))[0], 40) is None
    assert detector.process(scores_of((1, 100))[0], 140) == Detection("two", 1, 177, 140)


def test_the_threshold_must_be_exceeded():
    config = replace(CONFIG, minimum_count=1)
    assert detect(config, [(0, 100)], [0]) == []
    assert detect(config, [(0, 101)], [0]) == [("one", 0)]


def test_unknown_and_silence_are_not_detected():
    assert detect(replace(CONFIG, minimum_count=0), [(2, 255), (3, 255)], [0, 5000]) == []


def test_the_threshold_has_an_effect_below_the_scores_of_other_classes():
    # A mean of 101 of "one" exceeds the threshold of 100, with a mean of 154 of _unknown_.
    row = scores_of((0, 101))
    row[0, 2] = 154 - 128
    for keywords_only, expected in ((True, [(0, 101, 0)]), (False, [])):
        config = replace(CONFIG, minimum_count=1, compare_keywords_only=keywords_only)
        detector = Detector(pack_settings(config, LABELS), LABELS)
        assert as_tuples(detector.process_many(row, np.zeros(1, np.int64))) == expected


def test_a_keyword_above_its_threshold_is_detected_beside_a_higher_one_below_its_own():
    row = scores_of((0, 140))
    row[0, 1] = 110 - 128
    config = replace(CONFIG, minimum_count=1, detection_threshold_list=(200, 100, 0, 0))
    detector = Detector(pack_settings(config, LABELS), LABELS)
    assert as_tuples(detector.process_many(row, np.zeros(1, np.int64))) == [(1, 110, 0)]


def test_a_detection_suppresses_other_keywords():
    config = replace(CONFIG, minimum_count=0)
    heights, times_ms = [(0, 255), (1, 255), (0, 255), (1, 255), (1, 255)], [0, 100, 200, 500, 501]
    assert detect(config, heights, times_ms) == [("one", 0), ("two", 501)]
    vendors = replace(config, suppress_same_word_only=True)
    assert detect(vendors, heights, times_ms) == [("one", 0), ("two", 100), ("one", 200), ("two", 500)]


def test_a_threshold_per_class():
    config = replace(CONFIG, minimum_count=0, detection_threshold_list=(250, 10, 0, 0), suppression_ms=0)
    assert detect(config, [(0, 240), (1, 20), (0, 251)], [0, 10, 20]) == [("two", 10), ("one", 20)]


def test_a_full_queue_drops_its_oldest_inference():
    # A window of 300 ms contains 4 inferences of 100 ms. A fifth one in the same window removes the first one.
    config = replace(CONFIG, minimum_count=4, suppression_ms=0)
    assert config.queue_length == 4
    assert detect(config, [(0, 255), (0, 100), (0, 100), (0, 0), (0, 205)], [0, 1, 2, 3, 4]) == [
        ("one", 3),
        ("one", 4),
    ]
    assert detect(config, [(0, 255), (0, 100), (0, 100), (0, 0), (0, 204)], [0, 1, 2, 3, 4]) == [
        ("one", 3),
        ("one", 4),
    ]
    assert detect(config, [(0, 255), (0, 100), (0, 100), (0, 0), (0, 200)], [0, 1, 2, 3, 4]) == [("one", 3)]


def test_suppression_does_not_start_again_when_the_time_wraps():
    # 2**32 ms after a detection, the difference of the times is 0 again.
    config = replace(CONFIG, minimum_count=0)
    detector = Detector(pack_settings(config, LABELS), LABELS)
    step = 2**30
    heights = [(0, 255), (2, 255), (2, 255), (2, 255), (0, 255)]
    detections = detector.process_many(scores_of(*heights), step * np.arange(5, dtype=np.uint64))
    assert as_tuples(detections) == [(0, 255, 0), (0, 255, 0)]


def test_an_earlier_time_is_rejected_without_an_effect():
    detector = Detector(pack_settings(CONFIG, LABELS), LABELS)
    row = scores_of((0, 255))[0]
    assert detector.process(row, 1000) is None
    for earlier in (999, 1000 - 2**31):
        with pytest.raises(KwspipeError, match="a time before that of the previous inference"):
            detector.process(row, earlier)
    assert detector.process(row, 1000) == Detection("one", 0, 255, 1000)
    detector.reset()
    assert detector.process(row, 5) is None


@pytest.mark.parametrize(
    ("scores", "times_ms"),
    [
        (np.zeros((2, 3), np.int8), np.arange(2)),
        (np.zeros((2, 4), np.uint8), np.arange(2)),
        (np.zeros((2, 4), np.int8), np.arange(3)),
        (np.zeros((2, 4), np.int8), np.arange(2.0)),
    ],
)
def test_scores_of_another_type_or_shape_are_rejected(scores, times_ms):
    with pytest.raises(KwspipeError, match="Allowed: int8 of shape"):
        Detector(pack_settings(CONFIG, LABELS), LABELS).process_many(scores, times_ms)


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
)
def test_times_of_any_integer_type_are_accepted(dtype):
    # NumPy 2 raises OverflowError for arithmetic of small integers with 2**32.
    config = replace(CONFIG, minimum_count=0)
    detector = Detector(pack_settings(config, LABELS), LABELS)
    times_ms = np.array([3, 7], dtype)
    assert as_tuples(detector.process_many(scores_of((2, 255), (0, 255)), times_ms)) == [(0, 255, 7)]
    detector.reset()
    assert detector.process(scores_of((0, 255))[0], times_ms[1]) == Detection("one", 0, 255, 7)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64])
def test_negative_times_wrap(dtype):
    config = replace(CONFIG, minimum_count=0)
    detector = Detector(pack_settings(config, LABELS), LABELS)
    times_ms = np.array([-5], dtype)
    assert as_tuples(detector.process_many(scores_of((0, 255)), times_ms)) == [(0, 255, 2**32 - 5)]
    detector.reset()
    assert detector.process(scores_of((0, 255))[0], times_ms[0]).time_ms == 2**32 - 5


def test_no_inferences_have_no_detections():
    detector = Detector(pack_settings(CONFIG, LABELS), LABELS)
    assert detector.process_many(np.zeros((0, 4), np.int8), np.zeros(0, np.int64)) == []
