"""Detector settings of tests: four classes, a window of four inferences."""

from dataclasses import replace

from support.default_settings import DETECTOR

LABELS = ["one", "two", "_unknown_", "_silence_"]
CONFIG = replace(
    DETECTOR,
    average_window_duration_ms=300,
    detection_threshold=100,
    suppression_ms=500,
    target_false_accepts_per_hour=None,
    minimum_count=2,
    volume_gain=3,
    latency_ms=100,
)
