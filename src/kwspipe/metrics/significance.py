"""Whether one model is better than another on the same clips, or by chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

NORMAL_95 = 1.959964  # two-sided 95 % of the normal distribution


@dataclass(frozen=True)
class Paired:
    """Two models on the same clips.

    Attributes:
        clips: judged by both.
        only_first: clips that the first alone does well on.
        only_second: clips that the second alone does well on.
    """

    clips: int
    only_first: int
    only_second: int

    @property
    def difference(self) -> float:
        """Share of the second less that of the first."""
        return (self.only_second - self.only_first) / self.clips if self.clips else 0.0


def mcnemar(paired: Paired) -> float:
    """Returns how likely a difference as large as this is where neither model is better.

    Exact and two-sided: of a clip that one model alone does well on, it is one or the other with equal chance
    (McNemar 1947, Psychometrika 12; the binomial form, not its approximation by chi squared).
    """
    num_discordant = paired.only_first + paired.only_second
    fewer = min(paired.only_first, paired.only_second)
    tail = sum(math.comb(num_discordant, count) for count in range(fewer + 1))
    # An exact quotient of integers: 2 ** n overflows a float from n = 1024 on.
    return min(1.0, 2 * tail / 2**num_discordant)


def difference_interval(paired: Paired) -> tuple[float, float]:
    """Returns the 95 % interval of ``Paired.difference``.

    Agresti and Min 2005 (Statistics in Medicine 24, 729-740): half a clip is added to each of the four outcomes.
    """
    clips = paired.clips + 2.0
    first, second = paired.only_first + 0.5, paired.only_second + 0.5
    difference = (second - first) / clips
    deviation = math.sqrt(first + second - (second - first) ** 2 / clips) / clips
    return (
        max(-1.0, difference - NORMAL_95 * deviation),
        min(1.0, difference + NORMAL_95 * deviation),
    )


def holm(chances: Sequence[float]) -> list[float]:
    """Returns the chances corrected for that there are several (Holm 1979, Scand. J. Statistics 6), in their order."""
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    corrected = [0.0] * len(chances)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - rank) * chances[index]))
        corrected[index] = largest
    return corrected
