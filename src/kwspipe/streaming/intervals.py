"""Confidence intervals of 95 %."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TAIL = 0.025  # probability on each side


def poisson(count: int, hours: float) -> tuple[float, float]:
    """Returns the exact interval of a rate per hour (Garwood, Biometrika 28, 1936: quantiles of chi squared).

    Args:
        count: number of events.
        hours: duration in which they were counted, above 0.
    """
    from scipy.stats import chi2

    low = chi2.ppf(TAIL, 2 * count) / 2 if count else 0.0
    return float(low) / hours, float(chi2.ppf(1 - TAIL, 2 * count + 2)) / 2 / hours


def upper_rate(count: int, hours: float) -> float:
    """Returns the upper limit of a rate per hour with a confidence of 95 % (one-sided, exact)."""
    from scipy.stats import chi2

    return float(chi2.ppf(1 - 2 * TAIL, 2 * count + 2)) / 2 / hours


def share_over_speakers(
    missed: npt.NDArray[np.bool_], speakers: Sequence[str], rounds: int, seed: int
) -> tuple[float, float] | None:
    """Returns the interval of the share of missed words by a percentile bootstrap over speakers, None without words.

    Words of one speaker are not independent. The bootstrap therefore draws speakers with replacement. If all words or
    no words are missed, each draw has the same share. The exact binomial interval (Clopper and Pearson, Biometrika
    26, 1934) with one trial per speaker is returned instead.

    Args:
        missed: (words,) True for each missed word.
        speakers: (words,) name of the speaker.
        rounds: number of draws.
        seed: seed of the draws.
    """
    if not len(missed):
        return None
    names, owner = np.unique(np.asarray(speakers), return_inverse=True)
    words_per_speaker = np.bincount(owner)
    missed_per_speaker = np.bincount(owner, weights=missed)
    if missed.all() or not missed.any():
        from scipy.stats import beta

        edge = float(beta.ppf(TAIL, len(names), 1))  # lower limit for n of n
        return (edge, 1.0) if missed.all() else (0.0, 1 - edge)
    rng = np.random.default_rng(seed)
    probabilities = np.full(len(names), 1 / len(names))
    draws = rng.multinomial(len(names), probabilities, size=rounds)  # (rounds, speakers)
    shares = (draws @ missed_per_speaker) / (draws @ words_per_speaker)
    low, high = np.quantile(shares, [TAIL, 1 - TAIL])
    return float(low), float(high)
