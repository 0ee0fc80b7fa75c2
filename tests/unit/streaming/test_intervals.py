"""Confidence intervals, compared with published values."""

import numpy as np
import pytest

from kwspipe.streaming import intervals


def test_intervals_of_rates() -> None:
    # Published values: Ulm, American Journal of Epidemiology 131 (1990), table of exact limits.
    assert intervals.poisson(0, 1.0) == pytest.approx((0, 3.689), abs=1e-3)
    assert intervals.poisson(10, 2.0) == pytest.approx((4.795 / 2, 18.390 / 2), abs=1e-3)
    assert intervals.upper_rate(0, 6.0) == pytest.approx(2.996 / 6, abs=1e-3)


def test_the_interval_of_a_share_depends_on_the_number_of_speakers() -> None:
    rng = np.random.default_rng(0)
    speakers = [f"s{n % 10}" for n in range(400)]
    by_clip = rng.random(400) < 0.5
    by_speaker = np.array([int(name[1]) < 5 for name in speakers])
    narrow = intervals.share_over_speakers(by_clip, speakers, 500, 1)
    wide = intervals.share_over_speakers(by_speaker, speakers, 500, 1)
    assert narrow[0] < by_clip.mean() < narrow[1] and narrow[1] - narrow[0] < 0.15
    assert wide[0] < 0.5 < wide[1] and wide[1] - wide[0] > 0.4
    # No missed word of ten speakers: 1 - 0.025 ** (1 / 10).
    assert intervals.share_over_speakers(np.zeros(400, bool), speakers, 500, 1) == pytest.approx(
        (0, 0.3085), abs=1e-4
    )
    assert intervals.share_over_speakers(np.ones(400, bool), speakers, 500, 1) == pytest.approx(
        (0.6915, 1), abs=1e-4
    )
    assert intervals.share_over_speakers(np.zeros(0, bool), [], 500, 1) is None
