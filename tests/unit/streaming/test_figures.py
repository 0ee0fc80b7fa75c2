"""Figures of streams."""

import pytest

from kwspipe.streaming import figures
from kwspipe.streaming.figures import FigureSettings
from kwspipe.streaming.matching import match
from support.detections import LABELS, WORDS, detection, make_stream

SETTINGS = FigureSettings(sample_rate_hz=16000, bootstrap_rounds=200, seed=1)


def test_the_figures_of_five_streams() -> None:
    clean = match(
        make_stream(spoken=WORDS),
        [detection("one", 1600), detection("one", 1700), detection("one", 4100)],
        LABELS,
        1500,
    )
    noisy = match(
        make_stream(spoken=WORDS, background="noise", snr_db=5.0), [detection("two", 7600)], LABELS, 1500
    )
    over_speech = match(make_stream(spoken=WORDS, background="speech", snr_db=5.0), [], LABELS, 1500)
    negative = match(
        make_stream("negative", 2.0),
        [detection("one", 9), detection("two", 99), detection("two", 999)],
        LABELS,
        1500,
    )
    noise = match(make_stream("noise", 0.5), [detection("one", 9)], LABELS, 1500)
    found = figures.measure([clean, noisy, over_speech, negative, noise], LABELS, SETTINGS)
    assert found["false_accepts_per_hour"] == 1.5 and found["hours"] == 2.0
    assert found["false_accepts_on"] == "speech without keywords"
    assert found["snr_db"] == [5.0]
    assert (found["keywords"], found["missed"], found["speakers"]) == (6, 4, 2)  # not over speech
    assert found["false_reject_rate"] == pytest.approx(4 / 6)
    assert found["latency_ms"] == {"median": 100.0, "p90": 100.0}
    assert found["double_detection_rate"] == 0.5
    assert found["per_word"]["two"]["false_accepts_per_hour"] == 1.0
    assert found["per_word"]["two"]["false_reject_rate"] == 0.5
    assert found["false_accepts"]["noise"]["per_hour"] == 2.0
    assert found["false_accepts"]["words"]["count"] == 1
    first, _, third = found["per_condition"]
    assert (first["other_words"], first["other_words_that_fired"], first["keywords_taken_for_another"]) == (
        1,
        1,
        0,
    )
    assert third["false_reject_rate"] == 1.0 and third["latency_ms"] is None


def test_the_kind_of_audio_of_the_false_accepts_is_named() -> None:
    outcomes = [match(make_stream(kind), [], LABELS, 1500) for kind in ("words", "others", "noise")]
    assert figures.measure(outcomes, LABELS, SETTINGS)["false_accepts_on"] == "other words and noise"
    alone = figures.measure(outcomes[:1], LABELS, SETTINGS)
    assert alone["false_accepts_per_hour"] is None and alone["false_reject_rate"] is None
    assert "there is no sound" in alone["false_accepts_on"]
