"""Confidence intervals of 95 %."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TAIL = 0.025  # on each side


def poisson(count: int, hours: float) -> tuple[float, float]:
    """Returns the exact interval of a rate per hour (Garwood, Biometrika 28, 1936: quantiles of chi squared).

    Args:
        count: events seen.
        hours: in how long a time, above 0.
    """
    from scipy.stats import chi2

    low = chi2.ppf(TAIL, 2 * count) / 2 if count else 0.0
    return float(low) / hours, float(chi2.ppf(1 - TAIL, 2 * count + 2)) / 2 / hours


def upper_rate(count: int, hours: float) -> float:
    """Returns the rate per hour that is not exceeded with a confidence of 95 % (one-sided, exact)."""
    from scipy.stats import chi2

    return float(chi2.ppf(1 - 2 * TAIL, 2 * count + 2)) / 2 / hours


def share_over_speakers(
    missed: npt.NDArray[np.bool_], speakers: Sequence[str], rounds: int, seed: int
) -> tuple[float, float] | None:
    """Returns the interval of the share missed, by drawing speakers again with replacement (percentile bootstrap).

    Words of one speaker are missed together, so clips are no independent trials. Where all words, or none, were missed,
    drawing again shows nothing; the exact binomial interval (Clopper and Pearson, Biometrika 26, 1934) with a trial a
    speaker then stands in.

    Args:
        missed: (words,) whether each was missed.
        speakers: (words,) who spoke it.
        rounds: how often to draw.
        seed: of the draws.
    """
    if not len(missed):
        return None
    names, owner = np.unique(np.asarray(speakers), return_inverse=True)
    words_of = np.bincount(owner)
    missed_of = np.bincount(owner, weights=missed)
    if missed.all() or not missed.any():
        from scipy.stats import beta

        edge = float(beta.ppf(TAIL, len(names), 1))  # the smallest share that n of n still speaks for
        return (edge, 1.0) if missed.all() else (0.0, 1 - edge)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=rounds
    )  # (rounds, speakers)
    shares = (draws @ missed_of) / (draws @ words_of)
    low, high = np.quantile(shares, [TAIL, 1 - TAIL])
    return float(low), float(high)
