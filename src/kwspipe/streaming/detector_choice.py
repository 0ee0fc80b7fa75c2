"""Choice of the detector settings of a deployed model, on streams of the validation split."""

from dataclasses import dataclass
from typing import Any

from kwspipe.config import DetectorConfig, StreamConfig
from kwspipe.config.threshold_text import threshold_text
from kwspipe.core.detector import pack_settings
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming import intervals
from kwspipe.streaming.composition import compose
from kwspipe.streaming.scoring import score_with_progress
from kwspipe.streaming.thresholds import ThresholdChoice, choose, evaluate
from kwspipe.terminal.lines import LoggedConsole
from kwspipe.terminal.numbers import percent

WARNING = "bold yellow"


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
    console: LoggedConsole,
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
    if detector.target_false_accepts_per_hour is None:
        return DetectorChoice(detector, None)
    stays = f"threshold {threshold_text(detector.detection_threshold)} stays as configured"
    if not store.negative("validation"):
        # Streams of other words do not resemble speech. A threshold that meets the target on them misses half of the
        # words.
        console.print_line(
            f"{stays}: there is no keyword-free speech (dataset.negative_roots) to choose it for "
            "detector.target_false_accepts_per_hour"
        )
        return DetectorChoice(detector, None)
    choice, configured = _choose_on_validation(image, detector, store, config, seed)
    if configured is None:
        console.print_line(f"{stays}: the validation split has no keywords to choose it with", WARNING)
        return DetectorChoice(detector, None)
    if choice is None:
        console.print_line(
            f"{stays}: each higher threshold misses more than detector.max_missed_fraction="
            f"{detector.max_missed_fraction:g} of the keywords of the validation streams. The configured threshold "
            f"misses {_figures(configured)}",
            WARNING,
        )
        return DetectorChoice(detector, None)
    _print_choice(choice, detector.max_missed_fraction, console)
    return DetectorChoice(_with_thresholds(choice, detector), choice.facts())


def _choose_on_validation(
    image: bytes, detector: DetectorConfig, store: ClipStore, config: StreamConfig, seed: int
) -> tuple[ThresholdChoice | None, ThresholdChoice | None]:
    """Returns the choice and the figures at the configured threshold."""
    rate, target = store.summary["sample_rate_hz"], detector.target_false_accepts_per_hour or 0.0
    labels = Spotter(image).labels
    streams = compose(store, config, "validation", seed)
    scores = score_with_progress(image, streams, rate, config.threads, "validation streams")
    settings = pack_settings(detector, labels)
    configured = evaluate(scores, settings, labels, target, config.hit_window_ms, rate)
    limits = target, detector.max_missed_fraction, detector.per_class_thresholds
    return choose(scores, settings, labels, *limits, config.hit_window_ms, rate), configured


def _with_thresholds(choice: ThresholdChoice, detector: DetectorConfig) -> DetectorConfig:
    common = len(set(choice.thresholds)) == 1
    changes = {
        "detection_threshold": max(choice.thresholds),
        "detection_threshold_list": None if common else choice.thresholds,
        "target_false_accepts_per_hour": None,  # the deployed thresholds are final
    }
    return DetectorConfig(**(vars(detector) | changes))


def _print_choice(choice: ThresholdChoice, max_missed_fraction: float, console: LoggedConsole) -> None:
    chosen, target = sorted(set(choice.thresholds)), choice.target_per_hour
    shown = f"threshold {threshold_text(chosen[-1])}"
    if len(chosen) > 1:
        shown = f"thresholds {threshold_text(chosen[0])} to {threshold_text(chosen[-1])}"
    console.print_line(
        f"{shown} chosen on validation: {choice.count} false accepts in {choice.hours:.2f} h, "
        f"{percent(choice.false_reject_rate)} of the keywords missed"
    )
    if not choice.meets_target:
        console.print_line(
            f"detector.target_false_accepts_per_hour={target:g} is not met: {choice.per_hour:.1f} false accepts per "
            f"hour. A threshold that meets it misses more than detector.max_missed_fraction={max_missed_fraction:g} of "
            "the keywords, which is the limit. detector.max_missed_fraction=1 permits it. More recordings of the "
            "keywords and more keyword-free speech in training lower both figures",
            WARNING,
        )
        return
    if not choice.proven:
        enough = intervals.upper_rate(0, 1) / target
        console.print_line(
            f"too little audio to prove detector.target_false_accepts_per_hour={target:g}: the upper limit from "
            f"{choice.hours:.2f} h is {choice.upper_per_hour:.1f} (95 %). A proof needs {enough:.1f} h of validation "
            "audio without a false accept (dataset.negative_roots)",
            WARNING,
        )


def _figures(choice: ThresholdChoice) -> str:
    return f"{percent(choice.false_reject_rate)} of the keywords, with {choice.per_hour:.1f} false accepts per hour"
