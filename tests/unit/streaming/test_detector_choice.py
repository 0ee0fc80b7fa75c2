"""Choice of the detector settings of a deployed model."""

import io
from collections.abc import Callable

import pytest

from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming import detector_choice
from kwspipe.streaming.detector_choice import DetectorChoice, choose_thresholds
from kwspipe.streaming.scoring import StreamScores
from kwspipe.terminal.lines import LoggedConsole
from support.small_model import small_image
from support.streams import make_config, make_detector, make_scores


def printed(
    store: ClipStore, target: float | None, image: bytes = b"", max_missed: float = 0.2
) -> tuple[DetectorChoice, str]:
    """Returns the choice and the printed text."""
    text = io.StringIO()
    console = LoggedConsole(stderr=False, file=text, width=80)
    settings = make_detector(target_false_accepts_per_hour=target, max_missed_fraction=max_missed)
    return choose_thresholds(image, settings, store, make_config(), 1, console), text.getvalue()


def with_scores(
    monkeypatch: pytest.MonkeyPatch, make_store: Callable[..., ClipStore], *scores: StreamScores
) -> ClipStore:
    """Returns a store for which the given scores are computed."""
    monkeypatch.setattr(detector_choice, "compose", lambda *_: [])
    monkeypatch.setattr(detector_choice, "score_with_progress", lambda *_: list(scores))
    monkeypatch.setattr(detector_choice, "Spotter", lambda _: type("Model", (), {"labels": LABELS}))
    return make_store(split="validation")


LABELS = ("one", "two", "_unknown_")
WORDS = make_scores("words", [("one", 150 + n) for n in range(100)], True)


def test_the_choice_and_its_basis_are_printed(make_store: Callable[..., ClipStore]) -> None:
    store, image = make_store(split="validation"), small_image(1)
    choice, text = printed(store, None)
    assert choice.detector.detection_threshold == 145 and text == ""
    choice, text = printed(store, 1e5, image, 1.0)
    assert " of 255 (" in text and "chosen on validation" in text and "too little audio" not in text
    assert choice.detector.target_false_accepts_per_hour is None and choice.facts["proven"]


def test_a_target_that_misses_too_many_words_is_not_met_and_the_warning_names_the_limit(
    monkeypatch: pytest.MonkeyPatch, make_store: Callable[..., ClipStore]
) -> None:
    speech = make_scores("negative", [("one", 160), ("one", 210)], False)
    choice, text = printed(with_scores(monkeypatch, make_store, WORDS, speech), 0.5)
    assert choice.detector.detection_threshold == 169
    assert text.splitlines() == [
        "    threshold 169 of 255 (66 %) chosen on validation: 1 false accepts in 1.00 h, 20.0 % of the keywords "
        "missed",
        "    detector.target_false_accepts_per_hour=0.5 is not met: 1.0 false accepts per hour. A threshold that meets "
        "it misses more than detector.max_missed_fraction=0.2 of the keywords, which is the limit. "
        "detector.max_missed_fraction=1 permits it. More recordings of the keywords and more keyword-free speech in "
        "training lower both figures",
    ]
    few = make_scores("negative", [("one", 160)], False)
    choice, text = printed(with_scores(monkeypatch, make_store, WORDS, few), 0.5)
    assert choice.detector.detection_threshold == 160 and "11.0 % of the keywords missed" in text
    assert "is not met" not in text
    assert (
        "too little audio to prove detector.target_false_accepts_per_hour=0.5: the upper limit from 1.00 h is 3.0 "
        "(95 %). A proof needs 6.0 h of validation audio without a false accept (dataset.negative_roots)"
    ) in text


def test_if_each_threshold_misses_too_many_words_the_configured_one_stays_with_its_figures(
    monkeypatch: pytest.MonkeyPatch, make_store: Callable[..., ClipStore]
) -> None:
    faint = make_scores("words", [("one", 0)] * 30 + [("one", 200)] * 70, True)
    speech = make_scores("negative", [("one", 255)] * 3, False)
    choice, text = printed(with_scores(monkeypatch, make_store, faint, speech), 0.5)
    assert choice.facts is None and choice.detector.detection_threshold == 145
    assert text == (
        "    threshold 145 of 255 (57 %) stays as configured: each higher threshold misses more than "
        "detector.max_missed_fraction=0.2 of the keywords of the validation streams. The configured threshold misses "
        "30.0 % of the keywords, with 3.0 false accepts per hour\n"
    )


def test_without_keywords_the_configured_threshold_stays(make_store: Callable[..., ClipStore]) -> None:
    choice, text = printed(make_store(keywords=False, split="validation"), 0.5, small_image(1))
    assert choice.facts is None and "stays as configured: the validation split has no keywords" in text


def test_without_keyword_free_speech_the_configured_threshold_stays(
    make_store: Callable[..., ClipStore],
) -> None:
    choice, text = printed(make_store(negative_s=()), 0.5)
    assert choice.facts is None and choice.detector.detection_threshold == 145
    assert "threshold 145 of 255 (57 %) stays as configured" in text and "dataset.negative_roots" in text
