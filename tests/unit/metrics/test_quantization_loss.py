"""Limit of the accuracy loss of the int8 model."""

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.metrics.quantization_loss import check_quantization_loss


def correct_clips(num_clips: int, wrong: list[int]) -> np.ndarray:
    correct = np.ones(num_clips, bool)
    correct[wrong] = False
    return correct


def test_loss_above_the_limit_and_the_standard_error_is_rejected() -> None:
    with pytest.raises(KwspipeError) as caught:
        check_quantization_loss(correct_clips(1000, []), correct_clips(1000, list(range(60))), 0.02)
    text = str(caught.value)
    assert "int8 loses 0.060 +- 0.008 on validation (float 1.000, int8 0.940)" in text
    assert "a loss of at most 0.020" in text and "quantize.representative_clips" in text


def test_loss_within_the_standard_error_is_accepted() -> None:
    check_quantization_loss(correct_clips(50, []), correct_clips(50, [3, 4]), 0.02)


def test_gain_is_accepted() -> None:
    check_quantization_loss(correct_clips(1000, list(range(60))), correct_clips(1000, []), 0.0)
