"""Matching of detections with words."""

import numpy as np

from kwspipe.streaming.matching import match
from support.detections import LABELS, WORDS, detection, make_stream


def test_detections_are_assigned_to_words() -> None:
    detections = [
        detection("one", 1400),  # a hit before the end of the word
        detection("one", 2900),  # a double detection
        detection("two", 4600),  # during another word
        detection("one", 7400),  # during another keyword
        detection("two", 9000),  # a hit at the end of the window
        detection("two", 9500),  # after the window
        detection("one", 12001),  # after the window
    ]
    outcome = match(make_stream(spoken=WORDS), detections, LABELS, 1500)
    assert list(outcome.keywords) == [0, 2, 3]
    assert np.array_equal(outcome.latency_ms, [-100, 1500, np.nan], equal_nan=True)
    assert list(outcome.doubles) == [1, 0, 0]
    assert [(f.detection.time_ms, f.word) for f in outcome.false_accepts] == [
        (4600, "cat"), (7400, "two"), (9500, None), (12001, None),
    ]  # fmt: skip


def test_without_words_each_detection_is_a_false_accept() -> None:
    outcome = match(make_stream("negative"), [detection("one", 5), detection("two", 10)], LABELS, 1500)
    assert len(outcome.false_accepts) == 2 and len(outcome.keywords) == 0


def test_words_that_are_not_labels_are_other_words() -> None:
    outcome = match(make_stream(spoken=WORDS), [detection("two", 7400)], ["two"], 1500)
    assert list(outcome.keywords) == [2] and not outcome.missed.any()
