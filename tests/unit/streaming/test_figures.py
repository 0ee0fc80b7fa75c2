import numpy as np
import pytest

from kwspipe.core.detector import Detection
from kwspipe.streaming import figures, intervals
from kwspipe.streaming.figures import Counting
from kwspipe.streaming.matching import match
from kwspipe.streaming.streams import Spoken, Stream

LABELS = ("one", "two")
COUNTING = Counting(16000, 200, 1)


def stream(kind: str = "words", hours: float = 0.5, spoken: tuple[Spoken, ...] = (), **values) -> Stream:
    # A view of one sample: hours of sound that take no memory.
    samples = np.broadcast_to(np.zeros(1, np.int16), (int(hours * 3600 * 16000),))
    return Stream(f"{kind} {values}", kind, (samples,), spoken=spoken, **values)


def fired(label: str, time_ms: int) -> Detection:
    return Detection(label, 0, 200, time_ms)


WORDS = (
    Spoken("one", "ann", 1000, 1500),
    Spoken("cat", "ann", 4000, 4500),
    Spoken("two", "bob", 7000, 7500),
    Spoken("one", "bob", 10000, 10500),
)


def test_detections_belong_to_words() -> None:
    detections = [
        fired("one", 1400),  # found, before its end
        fired("one", 2900),  # a double
        fired("two", 4600),  # another word fired
        fired("one", 7400),  # a keyword taken for another
        fired("two", 9000),  # found at the last moment
        fired("two", 9500),  # too late: by itself
        fired("one", 12001),  # too late
    ]
    outcome = match(stream(spoken=WORDS), detections, LABELS, 1500)
    assert list(outcome.keywords) == [0, 2, 3]
    assert np.array_equal(outcome.latency_ms, [-100, 1500, np.nan], equal_nan=True)
    assert list(outcome.doubles) == [1, 0, 0]
    assert [(f.detection.time_ms, f.word) for f in outcome.false_accepts] == [
        (4600, "cat"), (7400, "two"), (9500, None), (12001, None),
    ]  # fmt: skip


def test_without_words_everything_is_false() -> None:
    outcome = match(stream("negative"), [fired("one", 5), fired("two", 10)], LABELS, 1500)
    assert len(outcome.false_accepts) == 2 and len(outcome.keywords) == 0


def test_words_the_model_does_not_know_are_other_words() -> None:
    outcome = match(stream(spoken=WORDS), [fired("two", 7400)], ["two"], 1500)
    assert list(outcome.keywords) == [2] and not outcome.missed.any()


def test_measure() -> None:
    clean = match(
        stream(spoken=WORDS), [fired("one", 1600), fired("one", 1700), fired("one", 4100)], LABELS, 1500
    )
    noisy = match(stream(spoken=WORDS, background="noise", snr_db=5.0), [fired("two", 7600)], LABELS, 1500)
    over_speech = match(stream(spoken=WORDS, background="speech", snr_db=5.0), [], LABELS, 1500)
    negative = match(
        stream("negative", 2.0), [fired("one", 9), fired("two", 99), fired("two", 999)], LABELS, 1500
    )
    noise = match(stream("noise", 0.5), [fired("one", 9)], LABELS, 1500)
    found = figures.measure([clean, noisy, over_speech, negative, noise], LABELS, COUNTING)
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


def test_what_stands_in_for_speech_is_said() -> None:
    outcomes = [match(stream(kind), [], LABELS, 1500) for kind in ("words", "others", "noise")]
    assert figures.measure(outcomes, LABELS, COUNTING)["false_accepts_on"] == "other words and noise"
    alone = figures.measure(outcomes[:1], LABELS, COUNTING)
    assert alone["false_accepts_per_hour"] is None and alone["false_reject_rate"] is None
    assert "there is no sound" in alone["false_accepts_on"]


def test_poisson_intervals() -> None:
    # Published values: Ulm, American Journal of Epidemiology 131 (1990), table of exact limits.
    assert intervals.poisson(0, 1.0) == pytest.approx((0, 3.689), abs=1e-3)
    assert intervals.poisson(10, 2.0) == pytest.approx((4.795 / 2, 18.390 / 2), abs=1e-3)
    assert intervals.upper_rate(0, 6.0) == pytest.approx(2.996 / 6, abs=1e-3)


def test_intervals_of_shares_follow_the_speakers() -> None:
    rng = np.random.default_rng(0)
    speakers = [f"s{n % 10}" for n in range(400)]
    by_clip = rng.random(400) < 0.5
    by_speaker = np.array([int(name[1]) < 5 for name in speakers])
    narrow = intervals.share_over_speakers(by_clip, speakers, 500, 1)
    wide = intervals.share_over_speakers(by_speaker, speakers, 500, 1)
    assert narrow[0] < by_clip.mean() < narrow[1] and narrow[1] - narrow[0] < 0.15
    assert wide[0] < 0.5 < wide[1] and wide[1] - wide[0] > 0.4
    # None missed, by ten speakers: 1 - 0.025 ** (1 / 10).
    assert intervals.share_over_speakers(np.zeros(400, bool), speakers, 500, 1) == pytest.approx(
        (0, 0.3085), abs=1e-4
    )
    assert intervals.share_over_speakers(np.ones(400, bool), speakers, 500, 1) == pytest.approx(
        (0.6915, 1), abs=1e-4
    )
    assert intervals.share_over_speakers(np.zeros(0, bool), [], 500, 1) is None
