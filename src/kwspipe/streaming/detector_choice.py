"""Chooses the thresholds a model is deployed with, on streams of the validation split."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from kwspipe.config import DetectorConfig, StreamConfig
from kwspipe.core.detector import pack_settings
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming import intervals
from kwspipe.streaming.composition import compose
from kwspipe.streaming.scoring import listen
from kwspipe.streaming.thresholds import Choice, choose


@dataclass(frozen=True)
class DetectorChoice:
    """The detector a model is deployed with.

    Attributes:
        detector: its settings, thresholds included.
        facts: how they were chosen, for ``summary.json``; None where they are as given.
    """

    detector: DetectorConfig
    facts: dict[str, Any] | None


def choose_thresholds(
    image: bytes,
    detector: DetectorConfig,
    store: ClipStore,
    config: StreamConfig,
    seed: int,
    console: Console,
) -> DetectorChoice:
    """Chooses the detector's thresholds where its settings ask for it.

    Args:
        image: the model, with any thresholds.
        detector: the settings; without ``target_false_accepts_per_hour``, or without speech in
            the store to choose thresholds on, they are returned as they are.
        store: what prepare left; its validation split is listened to.
        config: how streams are composed.
        seed: of their draws.
        console: says what was chosen, and what it rests on.
    """
    target = detector.target_false_accepts_per_hour
    if target is None:
        return DetectorChoice(detector, None)
    if not store.negative("validation"):
        # Other words in a row and noise stand in for talk where figures are reported, but nobody talks like that:
        # a threshold that keeps to the target there misses half of the words.
        console.print(
            f"    threshold {detector.detection_threshold} stays as given: there is no speech without keywords "
            "(dataset.negative_roots) to choose it for detector.target_false_accepts_per_hour"
        )
        return DetectorChoice(detector, None)
    choice = _choice(image, detector, target, store, config, seed)
    if choice is None:
        console.print(
            f"    [bold yellow]no threshold finds a word of the validation streams and keeps to "
            f"detector.target_false_accepts_per_hour={target:g}: {detector.detection_threshold} stays[/]"
        )
        return DetectorChoice(detector, None)
    _tell(choice, console)
    return DetectorChoice(_with(choice, detector), choice.facts())


def _choice(
    image: bytes, detector: DetectorConfig, target: float, store: ClipStore, config: StreamConfig, seed: int
) -> Choice | None:
    rate = store.summary["sample_rate_hz"]
    labels = Spotter(image).labels
    streams = compose(store, config, "validation", seed)
    heard = listen(image, streams, rate, config.threads, "validation streams")
    settings = pack_settings(detector, labels)
    one_a_word = detector.per_class_thresholds
    return choose(heard, settings, labels, target, one_a_word, config.hit_window_ms, rate)


def _with(choice: Choice, detector: DetectorConfig) -> DetectorConfig:
    common = len(set(choice.thresholds)) == 1
    changes = {
        "detection_threshold": max(choice.thresholds),
        "detection_threshold_list": None if common else choice.thresholds,
        "target_false_accepts_per_hour": None,  # what is deployed is settled
    }
    return DetectorConfig(**(vars(detector) | changes))


def _tell(choice: Choice, console: Console) -> None:
    thresholds = sorted(set(choice.thresholds))
    shown = f"threshold {thresholds[0]}" if len(thresholds) == 1 else f"thresholds {choice.thresholds}"
    console.print(
        f"    {shown} chosen on validation: {choice.count} false accepts in {choice.hours:.2f} h, "
        f"{choice.false_reject_rate:.1%} of the keywords missed"
    )
    if not choice.proven:
        target = choice.target_per_hour
        enough = intervals.upper_rate(0, 1) / target
        console.print(
            f"    [bold yellow]too little sound to prove detector.target_false_accepts_per_hour={target:g}:[/] these "
            f"{choice.hours:.2f} h show that it is at most {choice.upper_per_hour:.1f} (95 %); it takes {enough:.1f} h "
            "of validation without a false accept (dataset.negative_roots)"
        )
