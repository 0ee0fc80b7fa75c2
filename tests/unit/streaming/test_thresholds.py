import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from kwspipe.config import DetectorConfig
from kwspipe.core.detector import pack_settings
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.streaming import curve, evaluation, thresholds
from kwspipe.streaming.composition import compose
from kwspipe.streaming.detector_choice import choose_thresholds
from kwspipe.streaming.scoring import StreamScores, listen
from kwspipe.streaming.streams import Spoken, Stream
from support.default_settings import DETECTOR
from support.small_model import small_image
from support.streams import RATE_HZ, make_config

LABELS = ("one", "two", "_unknown_")
HOURS = 1.0


def detector(**changes: object) -> DetectorConfig:
    return replace(DETECTOR, **({"average_window_duration_ms": 0, "minimum_count": 1} | changes))


def heard(kind: str, scores: list[tuple[str, int]], spoken: bool) -> StreamScores:
    """An inference every three seconds, each with one class that scores; where words are spoken, it is that class."""
    samples = np.broadcast_to(np.zeros(1, np.int16), (int(HOURS * 3600 * RATE_HZ),))
    times = 3000 * (1 + np.arange(len(scores), dtype=np.uint32))
    raw = np.full((len(scores), len(LABELS)), -128, np.int8)
    for row, (label, score) in zip(raw, scores, strict=True):
        row[LABELS.index(label)] = score - 128
    words = [
        Spoken(label, f"speaker {n % 5}", t - 500, t - 100)
        for n, ((label, _), t) in enumerate(zip(scores, times, strict=True))
    ]
    return StreamScores(Stream(kind, kind, (samples,), spoken=tuple(words) if spoken else ()), times, raw, ())


def choose(streams: list[StreamScores], target: float, per_class: bool) -> thresholds.Choice | None:
    return thresholds.choose(
        streams, pack_settings(detector(), LABELS), LABELS, target, per_class, 1500, RATE_HZ
    )


def test_the_common_threshold_is_the_lowest_rate_of_misses_under_the_target() -> None:
    rng = np.random.default_rng(3)
    words = heard(
        "words",
        [
            (str(w), int(s))
            for w, s in zip(rng.choice(["one", "two"], 60), rng.integers(100, 250, 60), strict=True)
        ],
        True,
    )
    talk = heard("negative", [("one", int(s)) for s in rng.integers(0, 200, 40)], False)
    counts = curve.sweep([words, talk], pack_settings(detector(), LABELS), LABELS, 1500, RATE_HZ)
    for target in (0.5, 3.0, 10.0):
        choice = choose([words, talk], target, False)
        rates = [(counts.per_hour(t, ["negative"]), counts.false_reject_rate(t)) for t in range(256)]
        best = min(missed for rate, missed in rates if rate <= target)
        assert choice.false_reject_rate == best and choice.count <= target * HOURS
        (threshold,) = set(choice.thresholds)
        assert all(missed > best for rate, missed in rates[threshold + 1 :])  # of equal ones the highest


def test_thresholds_of_each_class_miss_less_and_keep_to_the_target() -> None:
    # "one" is loud and fires falsely at 180; "two" is soft and never does.
    words = heard(
        "words", [("one", 200 + n % 40) for n in range(40)] + [("two", 120 + n % 20) for n in range(40)], True
    )
    talk = heard("negative", [("one", 180), ("one", 178)], False)
    common, own = (choose([words, talk], 0.5, per_class) for per_class in (False, True))
    assert common.false_reject_rate == 0.5 and own.false_reject_rate == 0
    assert own.count == 0
    assert own.thresholds[0] == 199 and own.thresholds[1] == 119


def test_a_word_seldom_heard_gets_the_common_threshold() -> None:
    words = heard("words", [("one", 200)] * 40 + [("two", 120)] * 5, True)
    talk = heard("negative", [("one", 180)], False)
    choice = choose([words, talk], 0.5, True)
    assert choice.thresholds[1] == choose([words, talk], 0.5, False).thresholds[1]


def test_every_kind_of_sound_keeps_to_the_target() -> None:
    words = heard("words", [("one", 150 + n) for n in range(50)], True)
    talk, noise = heard("negative", [("one", 160)], False), heard("noise", [("one", 170)], False)
    assert choose([words, talk], 0.5, False).thresholds[0] == 160
    assert choose([words, talk, noise], 0.5, False).thresholds[0] == 170


def test_there_may_be_no_choice() -> None:
    words, talk = heard("words", [("one", 100)] * 9, True), heard("negative", [("one", 255)] * 9, False)
    assert choose([words, talk], 0.5, False) is None  # nothing is found at 255
    assert choose([talk], 0.5, False) is None
    assert choose([words], 0.5, False) is None


def test_what_an_hour_proves() -> None:
    words, talk = heard("words", [("one", 200)] * 9, True), heard("negative", [("one", 90)], False)
    choice = choose([words, talk], 0.5, False)
    assert choice.count == 0 and choice.upper_per_hour == pytest.approx(2.996, abs=1e-3) and not choice.proven
    assert choose([words, talk], 5.0, False).proven
    assert choice.facts()["judged_on"] == ["negative"]


def test_the_curve_has_a_point_for_every_change() -> None:
    words, talk = heard("words", [("one", 200), ("one", 100)], True), heard("negative", [("one", 150)], False)
    counts = curve.sweep([words, talk], pack_settings(detector(), LABELS), LABELS, 1500, RATE_HZ)
    assert curve.points(counts, ["negative"]) == [
        {"threshold": 0, "false_accepts_per_hour": 1.0, "false_reject_rate": 0.0},
        {"threshold": 100, "false_accepts_per_hour": 1.0, "false_reject_rate": 0.5},
        {"threshold": 150, "false_accepts_per_hour": 0.0, "false_reject_rate": 0.5},
        {"threshold": 200, "false_accepts_per_hour": 0.0, "false_reject_rate": 1.0},
    ]


def test_scores_give_the_spotters_own_detections(make_store: Callable[..., ClipStore]) -> None:
    image, config = small_image(1), make_config()
    streams = compose(make_store(), config, "testing", 1)
    everything = listen(image, streams, RATE_HZ, 2)
    settings = evaluation.container.read_sections(image)[evaluation.container.DETECTOR]
    labels = Spotter(image).labels
    assert sum(len(one.detections) for one in everything) > 10
    for one, stream in zip(everything, streams, strict=True):
        spotter = Spotter(image)
        alone = [found for piece in stream.pieces for found in spotter.feed(piece)]
        assert list(one.detections) == alone == one.detect(settings, labels)


def test_any_image_is_evaluated(make_store: Callable[..., ClipStore]) -> None:
    image, config = small_image(1), make_config()
    streams = compose(make_store(), config, "testing", 1)
    given = curve.with_thresholds(
        evaluation.container.read_sections(image)[evaluation.container.DETECTOR], [255] * 4
    )
    found = evaluation.evaluate(image, streams, config, RATE_HZ, 1, given)
    assert found["threshold"] == 130 and found["thresholds"] == {"one": 130, "two": 130}
    at = next(point for point in reversed(found["det"]) if point["threshold"] <= 130)
    assert at["false_accepts_per_hour"] == found["false_accepts_per_hour"]
    assert at["false_reject_rate"] == found["false_reject_rate"]
    assert found["as_given"]["false_reject_rate"] == 1 and found["as_given"]["threshold"] == 255
    assert found["realtime_factor"] > 0


def test_another_sample_rate_is_an_error(make_store: Callable[..., ClipStore]) -> None:
    with pytest.raises(KwspipeError, match=r"a front end for 16000 Hz. Allowed: 8000 Hz"):
        evaluation.evaluate(small_image(1), [], make_config(), 8000, 1)


def test_tuning_says_what_it_chose_and_what_that_rests_on(make_store: Callable[..., ClipStore]) -> None:
    text = io.StringIO()
    console = Console(file=text, width=1000)
    store = make_store(split="validation")
    image = small_image(1)
    settings = detector(target_false_accepts_per_hour=None)
    assert choose_thresholds(image, settings, store, make_config(), 1, console).detector == settings
    assert text.getvalue() == ""
    tuned = choose_thresholds(
        image, detector(target_false_accepts_per_hour=1e5), store, make_config(), 1, console
    )
    assert "chosen on validation" in text.getvalue() and "too little sound" not in text.getvalue()
    assert tuned.detector.target_false_accepts_per_hour is None and tuned.facts["proven"]
    tuned = choose_thresholds(
        image, detector(target_false_accepts_per_hour=500.0), store, make_config(), 1, console
    )
    said = " ".join(text.getvalue().split())
    assert ("too little sound to prove detector.target_false_accepts_per_hour=500" in said) or (
        "145 stays" in said
    )
    nothing = choose_thresholds(
        image,
        detector(target_false_accepts_per_hour=0.5),
        make_store(keywords=False, split="validation"),
        make_config(),
        1,
        console,
    )
    assert nothing.facts is None and "no threshold finds a word" in text.getvalue()


def test_without_talk_to_choose_on_the_threshold_stays(make_store: Callable[..., ClipStore]) -> None:
    store, settings = make_store(negative_s=()), detector(target_false_accepts_per_hour=0.5)
    console = Console(file=io.StringIO(), width=400)
    assert choose_thresholds(b"", settings, store, make_config(), 1, console).detector == settings
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert (
        f"threshold {settings.detection_threshold} stays as given" in text
        and "dataset.negative_roots" in text
    )
