"""The gate between float and int8."""

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.metrics.quantization_loss import check_quantization_loss


def right(num_clips: int, wrong: list[int]) -> np.ndarray:
    hits = np.ones(num_clips, bool)
    hits[wrong] = False
    return hits


def test_a_loss_beyond_the_limit_and_its_error_fails_with_both_figures() -> None:
    with pytest.raises(KwspipeError) as caught:
        check_quantization_loss(right(1000, []), right(1000, list(range(60))), 0.02)
    text = str(caught.value)
    assert "int8 loses 0.060 +- 0.008 on validation (float 1.000, int8 0.940)" in text
    assert "a loss of at most 0.020" in text and "quantize.representative_clips" in text


def test_two_clips_of_fifty_are_chance() -> None:
    check_quantization_loss(right(50, []), right(50, [3, 4]), 0.02)


def test_a_gain_passes() -> None:
    check_quantization_loss(right(1000, list(range(60))), right(1000, []), 0.0)
