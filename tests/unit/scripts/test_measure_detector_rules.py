"""Detector of the comparison of rules, which equals the core."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from kwspipe.core.detector import Detector, pack_settings, unpack_settings
from kwspipe.streaming.scoring import StreamScores
from kwspipe.streaming.streams import Stream
from support.detector_config import CONFIG, LABELS
from support.paths import SCRIPTS


@pytest.mark.parametrize("keywords_only", [False, True])
@pytest.mark.parametrize("threshold", [40, 100, 200])
@pytest.mark.parametrize("minimum_count", [0, 2])
def test_rules_a_and_b_are_those_of_the_core(
    monkeypatch: pytest.MonkeyPatch, keywords_only: bool, threshold: int, minimum_count: int
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    rules = importlib.import_module("measure_detector_rules")
    shares = np.random.default_rng(threshold).dirichlet([0.3] * len(LABELS), 500)
    scores = np.round(255 * np.repeat(shares, 4, axis=0) - 128).astype(np.int8)
    times = 100 * np.arange(len(scores), dtype=np.uint32)
    config = replace(CONFIG, compare_keywords_only=keywords_only, minimum_count=minimum_count)
    blob = pack_settings(config, LABELS, [threshold] * len(LABELS))
    expected = [(d.index, d.time_ms) for d in Detector(blob, LABELS).process_many(scores, times)]
    settings, stream = unpack_settings(blob), Stream("noise", "noise", ())
    means, enough = rules.window_means(StreamScores(stream, times, scores, ()), settings)
    rule = rules.top_keyword if keywords_only else rules.top_class
    choice = rule(means, np.array([True, True, False, False]))
    assert rules.detect(choice, enough, times.astype(np.int64), threshold, config.suppression_ms) == expected
    assert len(expected) > 20
