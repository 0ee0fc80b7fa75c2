"""Evaluation of a model image on streams."""

import time
from collections.abc import Sequence
from typing import Any

from kwspipe.compiler import image_format as container
from kwspipe.config import StreamConfig
from kwspipe.core.spotter import Spotter
from kwspipe.labels import is_keyword
from kwspipe.streaming import curve, figures
from kwspipe.streaming.matching import match
from kwspipe.streaming.scoring import StreamScores, score_with_progress
from kwspipe.streaming.streams import Stream, total_hours

COMPARED = (
    "threshold", "thresholds", "false_accepts_per_hour", "false_accepts_interval", "false_reject_rate",
    "false_reject_interval", "latency_ms", "double_detection_rate",
)  # fmt: skip


def evaluate(
    image: bytes,
    streams: Sequence[Stream],
    config: StreamConfig,
    sample_rate_hz: int,
    seed: int,
    given: bytes | None = None,
) -> dict[str, Any]:
    """Computes the scores of streams and measures them.

    Args:
        image: a model image.
        streams: streams of ``compose``.
        config: hit window, bootstrap and threads.
        sample_rate_hz: sample rate of the streams.
        seed: seed of the bootstrap.
        given: other packed settings of the detector for comparison, or None.

    Returns:
        The figures of ``figures.measure``; threshold and thresholds (by word); det (see ``curve.det_points``);
        as_given, the figures ``COMPARED`` with the other settings; audio_hours, seconds and realtime_factor of the
        scoring.

    Raises:
        KwspipeError: the image is invalid, or it has another sample rate.
    """
    started_s = time.monotonic()
    scores = score_with_progress(image, streams, sample_rate_hz, config.threads)
    seconds = time.monotonic() - started_s
    measured = measure_scores(image, scores, config, sample_rate_hz, seed)
    measured["det"] = _det_points(image, scores, config, sample_rate_hz)
    if given is not None:
        other = measure_scores(image, scores, config, sample_rate_hz, seed, given)
        measured["as_given"] = {key: other[key] for key in COMPARED}
    return measured | {
        "audio_hours": total_hours(streams, sample_rate_hz),
        "seconds": seconds,
        "realtime_factor": total_hours(streams, sample_rate_hz) * 3600 / max(seconds, 1e-9),
    }


def measure_scores(
    image: bytes,
    scores: Sequence[StreamScores],
    config: StreamConfig,
    sample_rate_hz: int,
    seed: int,
    settings: bytes | None = None,
) -> dict[str, Any]:
    """Measures scores with one setting of the detector; see ``evaluate``.

    Args:
        image: the model image of the scores.
        scores: scores of ``score_with_progress``.
        config: hit window and bootstrap.
        sample_rate_hz: sample rate of the streams.
        seed: seed of the bootstrap.
        settings: packed settings of the detector; None: those in the image.
    """
    labels = Spotter(image).labels
    words = [label for label in labels if is_keyword(label)]
    if settings is None:
        settings = container.read_sections(image)[container.DETECTOR]
        outcomes = [match(one.stream, one.detections, words, config.hit_window_ms) for one in scores]
    else:
        outcomes = curve.outcomes(scores, settings, labels, config.hit_window_ms)
    thresholds = dict(zip(labels, curve.thresholds_of(settings), strict=True))
    figure_settings = figures.FigureSettings(sample_rate_hz, config.bootstrap_rounds, seed)
    return {
        "threshold": max((thresholds[word] for word in words), default=None),
        "thresholds": {word: thresholds[word] for word in words},
        **figures.measure(outcomes, words, figure_settings),
    }


def _det_points(
    image: bytes, scores: Sequence[StreamScores], config: StreamConfig, sample_rate_hz: int
) -> list[dict[str, Any]]:
    """Returns the points of the curve with the settings in the image; see ``curve.det_points``."""
    labels = Spotter(image).labels
    settings = container.read_sections(image)[container.DETECTOR]
    counts = curve.count_at_thresholds(scores, settings, labels, config.hit_window_ms, sample_rate_hz)
    of_label = zip(labels, curve.thresholds_of(settings), strict=True)
    in_use = min((threshold for label, threshold in of_label if is_keyword(label)), default=0)
    return curve.det_points(counts, figures.false_accept_kinds([one.stream for one in scores]), in_use)
