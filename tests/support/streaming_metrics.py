"""Example of the streaming metrics in metrics.json."""

from typing import Any


def _condition(snr_db: float | None, false_reject_rate: float | None) -> dict[str, Any]:
    measured = false_reject_rate is not None
    return {
        "background": "none" if snr_db is None else "noise",
        "snr_db": snr_db,
        "keywords": 40,
        "false_reject_rate": false_reject_rate,
        "false_reject_interval": (0.1, 0.25) if measured else None,
        "latency_ms": {"median": 411.0, "p90": 600.0} if measured else None,
        "double_detection_rate": 0.05 if measured else None,
    }


def streaming_metrics(**values: Any) -> dict[str, Any]:
    """Returns streaming metrics with the given values in place of the default ones."""
    return {
        "threshold": 231,
        "thresholds": {"one": 231, "two": 231},
        "false_accepts_per_hour": 2.56,
        "false_accepts_interval": (0.06, 14.26),
        "false_accepts_on": "speech without keywords",
        "hours": 0.39,
        "false_reject_rate": 0.625,
        "per_condition": [_condition(None, 0.175), _condition(10.0, None)],
        "as_given": {"threshold": 145, "false_accepts_per_hour": 190.4, "false_reject_rate": 0.2},
        "det": [
            {"threshold": 0, "false_accepts_per_hour": 900.0, "false_reject_rate": 0.0},
            {"threshold": 200, "false_accepts_per_hour": 10.0, "false_reject_rate": 0.5},
            {"threshold": 255, "false_accepts_per_hour": 0.0, "false_reject_rate": 1.0},
        ],
        **values,
    }
