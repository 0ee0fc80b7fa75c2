"""Assessment of the streams of a run, and the measures that improve poor figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kwspipe.config import PipelineConfig
from kwspipe.pipeline.summary.figures import per_hour
from kwspipe.streaming.intervals import upper_rate
from kwspipe.terminal.numbers import percent

# Models from the bundled checkpoints have 0.0 to 0.9 false accepts per hour on speech, and miss 11 to 15 % of the words
# in streams with noise down to 5 dB (docs/experiments.md). A model beyond these figures can be improved.
MAX_FALSE_ACCEPTS_PER_HOUR = 1.0
MAX_MISSED = 0.15
MAX_MEASURES = 4
DEFAULT_TARGET = 0.5  # conf/detector/default.yaml; an imported model has no target
BEST_MODEL = "matchboxnet"
SPEECH = "speech without keywords"  # value of `false_accepts_on` if there is keyword-free speech


@dataclass(frozen=True)
class Assessment:
    """Assessment of the streams.

    Attributes:
        poor: figures that are poor, as sentences.
        unproven: a note if the audio does not show that the rate of false accepts meets the target; None otherwise.
        measures: what improves the poor figures, the largest effect first.
    """

    poor: tuple[str, ...]
    unproven: str | None
    measures: tuple[str, ...]


def assess(metrics: Mapping[str, Any], config: PipelineConfig) -> Assessment:
    """Returns the assessment of the streams.

    False accepts are poor if their rate exceeds MAX_FALSE_ACCEPTS_PER_HOUR and the lower limit of its interval exceeds
    the target. Missed keywords are poor if their share exceeds MAX_MISSED.

    Args:
        metrics: content of ``metrics.json``.
        config: the experiment, for the target and for the measures that are in use already.
    """
    streaming = metrics.get("streaming") or {}
    target = config.detector.target_false_accepts_per_hour or MAX_FALSE_ACCEPTS_PER_HOUR
    rate, bounds = streaming.get("false_accepts_per_hour"), streaming.get("false_accepts_interval")
    missed = streaming.get("false_reject_rate")
    poor = []
    has_false_accepts = has_misses = False
    if rate is not None and bounds and rate > MAX_FALSE_ACCEPTS_PER_HOUR and bounds[0] > target:
        has_false_accepts = True
        poor.append(f"{per_hour(rate)} false accepts per hour (more than {target:g})")
    if missed is not None and missed > MAX_MISSED:
        has_misses = True
        poor.append(f"{percent(missed)} of the keywords missed{_by_condition(streaming)}")
    measures = _measures(metrics, config, has_false_accepts, has_misses) if poor else []
    unproven = _unproven(streaming, target, has_false_accepts) if bounds else None
    return Assessment(tuple(poor), unproven, tuple(measures[:MAX_MEASURES]))


def _by_condition(streaming: Mapping[str, Any]) -> str:
    """Returns the share of missed keywords by noise, without streams over other speech, which the total excludes."""
    shares = [
        (
            "clean" if one.get("snr_db") is None else f"{one['snr_db']:g} dB",
            f"{100 * one['false_reject_rate']:.0f} %",
        )
        for one in streaming.get("per_condition", ())
        if one.get("background") != "speech" and one.get("false_reject_rate") is not None
    ]
    return f" ({', '.join(f'{name} {share}' for name, share in shares)})" if len(shares) > 1 else ""


def _unproven(streaming: Mapping[str, Any], target: float, is_poor: bool) -> str | None:
    """Returns a note if the audio does not show that the rate meets the target, with the duration of a proof."""
    hours, upper = streaming["hours"], streaming["false_accepts_interval"][1]
    enough = upper_rate(0, 1.0) / target
    if upper <= target or (is_poor and hours >= enough):
        return None
    if hours >= enough:
        return f"At most {per_hour(upper)} false accepts per hour are shown (95 %), the target is {target:g}"
    return (
        f"{hours:.2f} h of {streaming['false_accepts_on']} show at most {per_hour(upper)} false accepts per hour. "
        f"A proof of {target:g} per hour requires {enough:.1f} h of speech without a false accept"
    )


def _measures(
    metrics: Mapping[str, Any], config: PipelineConfig, has_false_accepts: bool, has_misses: bool
) -> list[str]:
    """Returns the measures that the run does not use yet, in the order of their effect (docs/experiments.md)."""
    data, dataset = metrics.get("data", {}), config.dataset
    hard = sum(counts.get("training", 0) for counts in data.get("hard_negatives", {}).values())
    has_speech = metrics["streaming"].get("false_accepts_on") == SPEECH
    trained = config.import_model.path is None
    if metrics["streaming"].get("chosen"):
        value = config.detector.target_false_accepts_per_hour
        setting, higher, lower = "detector.target_false_accepts_per_hour", f"below {value}", f"above {value}"
    else:
        value = metrics["streaming"]["threshold"]
        setting, higher, lower = "detector.detection_threshold", f"above {value}", f"below {value}"
    candidates = (
        (
            has_false_accepts and not has_speech,
            "speech without keywords: 'dataset.negative_roots=[path/to/talk]'"
            + ("" if trained else f" detector.target_false_accepts_per_hour={DEFAULT_TARGET:g}"),
        ),
        (
            trained and bool(data.get("synthetic")),
            "recordings of many speakers: dataset=folder dataset.root=path/to/speech",
        ),
        (
            trained and has_false_accepts and not dataset.mined_roots,
            "mining of false accepts: stages=mine 'mine.roots=[path/to/radio]'",
        ),
        (trained and not hard, "hard negatives: dataset/negatives=default"),
        (trained and config.model.name != BEST_MODEL, f"the most accurate network: model={BEST_MODEL}"),
        (trained and not data.get("synthetic"), "recordings of more speakers"),
        (has_false_accepts and not has_misses, f"more missed keywords in exchange: {setting}, {higher}"),
        (has_misses and not has_false_accepts, f"more false accepts in exchange: {setting}, {lower}"),
    )
    return [text for applies, text in candidates if applies]
