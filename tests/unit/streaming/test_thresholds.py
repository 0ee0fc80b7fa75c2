"""Choice of thresholds under a target of false accepts per hour."""

import numpy as np
import pytest

from kwspipe.core.detector import pack_settings
from kwspipe.streaming import curve, thresholds
from kwspipe.streaming.scoring import StreamScores
from support.streams import RATE_HZ, SCORE_HOURS, SCORE_LABELS, make_detector, make_scores


def choose(
    streams: list[StreamScores], target: float, per_class: bool, max_missed: float = 0.99
) -> thresholds.ThresholdChoice | None:
    settings = pack_settings(make_detector(), SCORE_LABELS)
    return thresholds.choose(streams, settings, SCORE_LABELS, target, max_missed, per_class, 1500, RATE_HZ)


def test_the_common_threshold_has_the_fewest_misses_under_the_target() -> None:
    rng = np.random.default_rng(3)
    words = make_scores(
        "words",
        [
            (str(w), int(s))
            for w, s in zip(rng.choice(["one", "two"], 60), rng.integers(100, 250, 60), strict=True)
        ],
        True,
    )
    speech = make_scores("negative", [("one", int(s)) for s in rng.integers(0, 200, 40)], False)
    counts = curve.count_at_thresholds(
        [words, speech], pack_settings(make_detector(), SCORE_LABELS), SCORE_LABELS, 1500, RATE_HZ
    )
    for target in (0.5, 3.0, 10.0):
        choice = choose([words, speech], target, False)
        rates = [(counts.per_hour(t, ["negative"]), counts.false_reject_rate(t)) for t in range(256)]
        best = min(missed for rate, missed in rates if rate <= target)
        assert choice.false_reject_rate == best and choice.count <= target * SCORE_HOURS
        (threshold,) = set(choice.thresholds)
        assert all(missed > best for rate, missed in rates[threshold + 1 :])  # the highest of equals


def test_thresholds_per_class_miss_fewer_words_under_the_target() -> None:
    # "one" has high scores and false accepts at 180. "two" has low scores and no false accepts.
    words = make_scores(
        "words", [("one", 200 + n % 40) for n in range(40)] + [("two", 120 + n % 20) for n in range(40)], True
    )
    speech = make_scores("negative", [("one", 180), ("one", 178)], False)
    common, own = (choose([words, speech], 0.5, per_class) for per_class in (False, True))
    assert common.false_reject_rate == 0.5 and own.false_reject_rate == 0
    assert own.count == 0
    assert own.thresholds[0] == 199 and own.thresholds[1] == 119


def test_a_word_with_few_occurrences_gets_the_common_threshold() -> None:
    words = make_scores("words", [("one", 200)] * 40 + [("two", 120)] * 5, True)
    speech = make_scores("negative", [("one", 180)], False)
    choice = choose([words, speech], 0.5, True)
    assert choice.thresholds[1] == choose([words, speech], 0.5, False).thresholds[1]


def test_the_limit_of_missed_words_takes_precedence_over_the_target() -> None:
    words = make_scores("words", [("one", 150 + n) for n in range(100)], True)
    speech = make_scores("negative", [("one", 160), ("one", 210)], False)
    assert choose([words, speech], 0.5, False).thresholds[0] == 210  # 61 of 100 words are missed
    choice = choose([words, speech], 0.5, False, max_missed=0.2)
    assert (choice.thresholds[0], choice.missed, choice.count, choice.meets_target) == (169, 20, 1, False)
    assert (
        choose([words, speech], 1.0, False, max_missed=0.2).thresholds[0] == 160
    )  # the target is met with 11 of 100
    faint = make_scores("words", [("one", 0)] * 30 + [("one", 200)] * 70, True)
    assert choose([faint, speech], 0.5, False, max_missed=0.2) is None


def test_each_kind_of_stream_meets_the_target() -> None:
    words = make_scores("words", [("one", 150 + n) for n in range(50)], True)
    speech, noise = (
        make_scores("negative", [("one", 160)], False),
        make_scores("noise", [("one", 170)], False),
    )
    assert choose([words, speech], 0.5, False).thresholds[0] == 160
    assert choose([words, speech, noise], 0.5, False).thresholds[0] == 170


def test_figures_of_given_thresholds_count_the_worst_kind_of_stream() -> None:
    words = make_scores("words", [("one", 140 + n) for n in range(10)], True)
    speech, noise = (
        make_scores("negative", [("one", 200)], False),
        make_scores("noise", [("two", 200)] * 3, False),
    )
    settings = pack_settings(make_detector(), SCORE_LABELS)
    figures = thresholds.evaluate([words, speech, noise], settings, SCORE_LABELS, 2.0, 1500, RATE_HZ)
    assert figures.thresholds == (145, 145, 145) and figures.kinds == ("negative", "noise")
    assert (figures.count, figures.hours, figures.per_hour, figures.missed) == (4, 2.0, 3.0, 6)
    assert figures.false_reject_rate == 0.6 and not figures.meets_target
    assert thresholds.evaluate([words], settings, SCORE_LABELS, 2.0, 1500, RATE_HZ) is None


def test_without_keywords_audio_or_detections_there_is_no_choice() -> None:
    words, speech = (
        make_scores("words", [("one", 100)] * 9, True),
        make_scores("negative", [("one", 255)] * 9, False),
    )
    assert choose([words, speech], 0.5, False) is None  # at 255 all words are missed
    assert choose([speech], 0.5, False) is None
    assert choose([words], 0.5, False) is None


def test_the_upper_limit_of_one_hour_proves_five_per_hour_but_not_one_half() -> None:
    words, speech = (
        make_scores("words", [("one", 200)] * 9, True),
        make_scores("negative", [("one", 90)], False),
    )
    choice = choose([words, speech], 0.5, False)
    assert choice.count == 0 and choice.upper_per_hour == pytest.approx(2.996, abs=1e-3) and not choice.proven
    assert choose([words, speech], 5.0, False).proven
    assert choice.facts()["judged_on"] == ["negative"]
