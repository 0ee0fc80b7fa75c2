"""Evaluates any model image on streams."""

import time
from collections.abc import Sequence
from typing import Any

from kwspipe.compiler import image_format as container
from kwspipe.config import StreamConfig
from kwspipe.core.spotter import Spotter
from kwspipe.labels import is_keyword
from kwspipe.streaming import curve, figures
from kwspipe.streaming.matching import match
from kwspipe.streaming.scoring import StreamScores, listen
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
    """Lets a model listen to streams and measures what it made of them.

    Args:
        image: a model image, ours or compiled from another's .tflite.
        streams: as ``compose`` gives them.
        config: hit window, bootstrap, threads.
        sample_rate_hz: of the streams.
        seed: of the bootstrap.
        given: other settings of the detector, as ``pack_settings`` makes them, to compare with.

    Returns:
        ``figures.measure``'s, and: threshold, thresholds (by word), det (see ``curve.points``); as_given: false accepts
        and rejects with the other settings; audio_hours, seconds and realtime_factor of the listening.

    Raises:
        KwspipeError: an image the core refuses, or one for another sample rate.
    """
    started_s = time.monotonic()
    heard = listen(image, streams, sample_rate_hz, config.threads)
    seconds = time.monotonic() - started_s
    measured = measure_heard(image, heard, config, sample_rate_hz, seed)
    if given is not None:
        other = measure_heard(image, heard, config, sample_rate_hz, seed, given)
        measured["as_given"] = {key: other[key] for key in COMPARED}
    return measured | {
        "audio_hours": total_hours(streams, sample_rate_hz),
        "seconds": seconds,
        "realtime_factor": total_hours(streams, sample_rate_hz) * 3600 / max(seconds, 1e-9),
    }


def measure_heard(
    image: bytes,
    heard: Sequence[StreamScores],
    config: StreamConfig,
    sample_rate_hz: int,
    seed: int,
    settings: bytes | None = None,
) -> dict[str, Any]:
    """Measures what was heard already; see ``evaluate``.

    Args:
        image: the model that heard it.
        heard: as ``listen`` returns it.
        config: hit window and bootstrap.
        sample_rate_hz: of the streams.
        seed: of the bootstrap.
        settings: of the detector, as ``pack_settings`` makes them; None for those in the image.
    """
    labels = Spotter(image).labels
    words = [label for label in labels if is_keyword(label)]
    if settings is None:  # what the spotter itself decided
        settings = container.read_sections(image)[container.DETECTOR]
        outcomes = [match(one.stream, one.detections, words, config.hit_window_ms) for one in heard]
    else:
        outcomes = curve.outcomes(heard, settings, labels, config.hit_window_ms)
    counts = curve.sweep(heard, settings, labels, config.hit_window_ms, sample_rate_hz)
    thresholds = dict(zip(labels, curve.thresholds_of(settings), strict=True))
    counting = figures.Counting(sample_rate_hz, config.bootstrap_rounds, seed)
    return {
        "threshold": max((thresholds[word] for word in words), default=None),
        "thresholds": {word: thresholds[word] for word in words},
        **figures.measure(outcomes, words, counting),
        "det": curve.points(counts, figures.judged_kinds(outcomes)),
    }
