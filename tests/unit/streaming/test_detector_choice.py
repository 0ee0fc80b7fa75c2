"""Choice of the detector settings of a deployed model."""

import io
from collections.abc import Callable

from rich.console import Console

from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming.detector_choice import choose_thresholds
from support.small_model import small_image
from support.streams import make_config, make_detector


def test_the_choice_and_its_basis_are_printed(make_store: Callable[..., ClipStore]) -> None:
    text = io.StringIO()
    console = Console(file=text, width=1000)
    store = make_store(split="validation")
    image = small_image(1)
    settings = make_detector(target_false_accepts_per_hour=None)
    assert choose_thresholds(image, settings, store, make_config(), 1, console).detector == settings
    assert text.getvalue() == ""
    choice = choose_thresholds(
        image, make_detector(target_false_accepts_per_hour=1e5), store, make_config(), 1, console
    )
    assert "chosen on validation" in text.getvalue() and "too little audio" not in text.getvalue()
    assert choice.detector.target_false_accepts_per_hour is None and choice.facts["proven"]
    choice = choose_thresholds(
        image, make_detector(target_false_accepts_per_hour=500.0), store, make_config(), 1, console
    )
    output = " ".join(text.getvalue().split())
    assert ("too little audio to prove detector.target_false_accepts_per_hour=500" in output) or (
        "145 stays" in output
    )
    no_choice = choose_thresholds(
        image,
        make_detector(target_false_accepts_per_hour=0.5),
        make_store(keywords=False, split="validation"),
        make_config(),
        1,
        console,
    )
    assert no_choice.facts is None and "misses all words of the validation streams" in text.getvalue()


def test_without_keyword_free_speech_the_configured_threshold_stays(
    make_store: Callable[..., ClipStore],
) -> None:
    store, settings = make_store(negative_s=()), make_detector(target_false_accepts_per_hour=0.5)
    console = Console(file=io.StringIO(), width=400)
    assert choose_thresholds(b"", settings, store, make_config(), 1, console).detector == settings
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert (
        f"threshold {settings.detection_threshold} stays as configured" in text
        and "dataset.negative_roots" in text
    )
