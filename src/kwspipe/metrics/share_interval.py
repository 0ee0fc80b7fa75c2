"""Confidence interval of a share of clips, and limits for its assessment."""

import math

from kwspipe.metrics.significance import NORMAL_95

# A share is shown as poor if its 95 % interval is below POOR, and as good if the interval is above GOOD.
POOR, GOOD = 0.8, 0.9


def wilson_interval(share: float | None, clips: int) -> tuple[float, float] | None:
    """Returns the 95 % score interval (Wilson 1927) of a share observed on a number of clips.

    Unlike the normal approximation, the interval is within 0 and 1 and is valid for few clips and shares near 0 and 1.
    The interval of no clips is None.
    """
    if share is None or clips == 0:
        return None
    spread = NORMAL_95**2 / clips
    middle = (share + spread / 2) / (1 + spread)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / clips + spread / (4 * clips)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
