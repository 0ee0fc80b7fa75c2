"""Choice of the detector settings of a deployed model, on streams of the validation split."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from kwspipe.config import DetectorConfig, StreamConfig
from kwspipe.core.detector import pack_settings
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming import intervals
from kwspipe.streaming.composition import compose
from kwspipe.streaming.scoring import score_with_progress
from kwspipe.streaming.thresholds import ThresholdChoice, choose


@dataclass(frozen=True)
class DetectorChoice:
    """Settings of the detector of a deployed model.

    Attributes:
        detector: the settings with the chosen thresholds.
        facts: figures of the choice for ``summary.json``; None if the thresholds are as configured.
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
    """Chooses thresholds for ``detector.target_false_accepts_per_hour``.

    Without a target, or without keyword-free speech in the validation split, the configured thresholds stay.

    Args:
        image: model image, with any thresholds.
        detector: the configured settings.
        store: the prepared clips.
        config: composition of the streams.
        seed: seed of the streams.
        console: output of the choice.
    """
    target = detector.target_false_accepts_per_hour
    if target is None:
        return DetectorChoice(detector, None)
    if not store.negative("validation"):
        # Streams of other words do not resemble speech. A threshold that meets the target on them misses half of the
        # words.
        console.print(
            f"    threshold {detector.detection_threshold} stays as configured: there is no keyword-free speech "
            "(dataset.negative_roots) to choose it for detector.target_false_accepts_per_hour"
        )
        return DetectorChoice(detector, None)
    choice = _choose_on_validation(image, detector, target, store, config, seed)
    if choice is None:
        console.print(
            f"    [bold yellow]each threshold that meets detector.target_false_accepts_per_hour={target:g} misses all "
            f"words of the validation streams: threshold {detector.detection_threshold} stays[/]"
        )
        return DetectorChoice(detector, None)
    _print_choice(choice, console)
    return DetectorChoice(_with_thresholds(choice, detector), choice.facts())


def _choose_on_validation(
    image: bytes, detector: DetectorConfig, target: float, store: ClipStore, config: StreamConfig, seed: int
) -> ThresholdChoice | None:
    rate = store.summary["sample_rate_hz"]
    labels = Spotter(image).labels
    streams = compose(store, config, "validation", seed)
    scores = score_with_progress(image, streams, rate, config.threads, "validation streams")
    settings = pack_settings(detector, labels)
    return choose(scores, settings, labels, target, detector.per_class_thresholds, config.hit_window_ms, rate)


def _with_thresholds(choice: ThresholdChoice, detector: DetectorConfig) -> DetectorConfig:
    common = len(set(choice.thresholds)) == 1
    changes = {
        "detection_threshold": max(choice.thresholds),
        "detection_threshold_list": None if common else choice.thresholds,
        "target_false_accepts_per_hour": None,  # the deployed thresholds are final
    }
    return DetectorConfig(**(vars(detector) | changes))


def _print_choice(choice: ThresholdChoice, console: Console) -> None:
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
            f"    [bold yellow]too little audio to prove detector.target_false_accepts_per_hour={target:g}:[/] the "
            f"upper limit from {choice.hours:.2f} h is {choice.upper_per_hour:.1f} (95 %). A proof needs "
            f"{enough:.1f} h of validation audio without a false accept (dataset.negative_roots)"
        )
