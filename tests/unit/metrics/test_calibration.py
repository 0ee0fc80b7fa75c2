"""Calibration: confidence against accuracy."""

import json

import numpy as np
import pytest

from kwspipe.metrics import calibration


def test_by_hand() -> None:
    # Two clips at 0.95 of which one is right, two at 0.62 of which both are.
    scores = np.array([[0.95, 0.05], [0.95, 0.05], [0.62, 0.38], [0.62, 0.38]])
    found = calibration.measure([0, 1, 0, 0], scores)
    assert found["expected_calibration_error"] == pytest.approx((2 * 0.45 + 2 * 0.38) / 4)
    assert [entry["clips"] for entry in found["bins"]] == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert found["bins"][9] == {"clips": 2, "confidence": pytest.approx(0.95), "accuracy": 0.5}
    assert found["bins"][0] == {"clips": 0, "confidence": None, "accuracy": None}
    json.dumps(found, allow_nan=False)


def test_a_perfect_model_has_no_error() -> None:
    assert calibration.measure([0, 1], np.eye(2))["expected_calibration_error"] == 0


def test_scores_at_and_beyond_the_ends_have_a_bin() -> None:
    found = calibration.measure([0, 0], np.array([[1.0, 0.0], [1.02, -0.01]]))
    assert found["bins"][9]["clips"] == 2
