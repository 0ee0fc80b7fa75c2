"""Calibration of the scores: bins and expected calibration error."""

import json

import numpy as np
import pytest

from kwspipe.metrics import calibration


def test_bins_and_error_of_a_small_example() -> None:
    # One of two clips with the score 0.95 is correct. Both clips with the score 0.62 are correct.
    scores = np.array([[0.95, 0.05], [0.95, 0.05], [0.62, 0.38], [0.62, 0.38]])
    result = calibration.measure([0, 1, 0, 0], scores)
    assert result["expected_calibration_error"] == pytest.approx((2 * 0.45 + 2 * 0.38) / 4)
    assert [entry["clips"] for entry in result["bins"]] == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert result["bins"][9] == {"clips": 2, "confidence": pytest.approx(0.95), "accuracy": 0.5}
    assert result["bins"][0] == {"clips": 0, "confidence": None, "accuracy": None}
    json.dumps(result, allow_nan=False)


def test_error_of_a_perfect_model_is_zero() -> None:
    assert calibration.measure([0, 1], np.eye(2))["expected_calibration_error"] == 0


def test_scores_of_1_and_above_are_in_the_last_bin() -> None:
    result = calibration.measure([0, 0], np.array([[1.0, 0.0], [1.02, -0.01]]))
    assert result["bins"][9]["clips"] == 2
