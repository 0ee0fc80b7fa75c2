"""Significance tests for two models on the same clips."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

NORMAL_95 = 1.959964  # two-sided 95 % of the normal distribution


@dataclass(frozen=True)
class Paired:
    """Outcomes of two models on the same clips.

    Attributes:
        clips: number of clips.
        only_first: number of clips on which only the first model is correct.
        only_second: number of clips on which only the second model is correct.
    """

    clips: int
    only_first: int
    only_second: int

    @property
    def difference(self) -> float:
        """Accuracy of the second model minus accuracy of the first one, as a share of the clips."""
        return (self.only_second - self.only_first) / self.clips if self.clips else 0.0


def mcnemar(paired: Paired) -> float:
    """Returns the two-sided p-value of the exact McNemar test.

    The null hypothesis is that a clip on which only one model is correct is equally probable for both models (McNemar
    1947, Psychometrika 12). This is the binomial form of the test, not the chi-squared approximation.
    """
    num_discordant = paired.only_first + paired.only_second
    fewer = min(paired.only_first, paired.only_second)
    tail = sum(math.comb(num_discordant, count) for count in range(fewer + 1))
    # The quotient is one of integers because 2 ** n overflows a float from n = 1024.
    return min(1.0, 2 * tail / 2**num_discordant)


def difference_interval(paired: Paired) -> tuple[float, float]:
    """Returns the 95 % interval of ``Paired.difference``.

    The interval is that of Agresti and Min 2005 (Statistics in Medicine 24, 729-740), which adds half a clip to each of
    the four outcomes.
    """
    clips = paired.clips + 2.0
    first, second = paired.only_first + 0.5, paired.only_second + 0.5
    difference = (second - first) / clips
    deviation = math.sqrt(first + second - (second - first) ** 2 / clips) / clips
    return (
        max(-1.0, difference - NORMAL_95 * deviation),
        min(1.0, difference + NORMAL_95 * deviation),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the p-values corrected for multiple tests (Holm 1979, Scand. J. Statistics 6), in the given order."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
