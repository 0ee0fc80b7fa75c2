"""How figures are written in the pages, and how sure they are."""

import math

# Quantile of the normal distribution for intervals of 95 %.
Z_95 = 1.959964
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def percent(share: float | None, digits: int = 1) -> str:
    """Returns a share as a percentage; a dash where there is none."""
    return DASH if share is None else f"{100 * share:.{digits}f}{THIN}%"


def bare(share: float | None) -> str:
    """Returns a share in percent, without the sign: for columns whose heading has it."""
    return DASH if share is None else f"{100 * share:.1f}"


def thousands(number: float | None) -> str:
    """Returns a whole number with its thousands apart."""
    return DASH if number is None else f"{number:,.0f}".replace(",", THIN)


def kilobytes(size_bytes: float | None) -> str:
    """Returns a size in kB of 1000 bytes."""
    return DASH if size_bytes is None else f"{size_bytes / 1000:,.1f}{THIN}kB"


def rate(per_hour: float | None) -> str:
    """Returns events an hour, with as many digits as mean something."""
    if per_hour is None:
        return DASH
    return f"{per_hour:.2f}" if per_hour < 10 else f"{per_hour:.0f}"


def duration(seconds: float) -> str:
    """Returns a length of time with a unit that suits it."""
    if seconds < 1:
        return f"{1000 * seconds:.0f}{THIN}ms"
    if seconds < 120:
        return f"{seconds:.1f}{THIN}s"
    minutes = seconds / 60
    return f"{minutes:.0f}{THIN}min" if minutes < 120 else f"{minutes / 60:.1f}{THIN}h"


def decibels(level_db: float) -> str:
    """Returns a level; digital zero has none."""
    return f"{level_db:.0f}{THIN}dB".replace("-", MINUS) if math.isfinite(level_db) else "zero"


def interval(share: float | None, clips: int) -> tuple[float, float] | None:
    """Returns the 95 % interval of a share observed on so many clips (Wilson 1927, the score interval).

    It stays within 0 and 1 and holds for few clips and for shares near 0 and 1, where the normal one fails.
    """
    if share is None or clips == 0:
        return None
    spread = Z_95**2 / clips
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / clips + spread / (4 * clips)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def between(bounds: tuple[float, float] | None) -> str:
    """Returns an interval of shares in percent, without the sign; nothing where there is none."""
    return "" if bounds is None else f"{100 * bounds[0]:.0f}{DASH}{100 * bounds[1]:.0f}"
