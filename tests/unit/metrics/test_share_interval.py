"""Confidence interval of a share of clips."""

import pytest

from kwspipe.metrics.share_interval import wilson_interval


def test_wilson_interval() -> None:
    # Brown, Cai and DasGupta 2001 (Statistical Science 16): all of n clips give n / (n + z^2) to 1.
    assert wilson_interval(1.0, 2) == (pytest.approx(2 / (2 + 1.959964**2)), 1.0)
    assert wilson_interval(0.5, 100) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    assert wilson_interval(None, 5) is None and wilson_interval(0.5, 0) is None
