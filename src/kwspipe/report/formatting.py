"""Number formatting for the pages."""

import math

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def percent(share: float | None, digits: int = 1) -> str:
    """Returns a share as a percentage, or a dash for None."""
    return DASH if share is None else f"{100 * share:.{digits}f}{THIN}%"


def percent_number(share: float | None) -> str:
    """Returns a share in percent without the sign, for columns whose heading has it."""
    return DASH if share is None else f"{100 * share:.1f}"


def thousands(number: float | None) -> str:
    """Returns an integer with a separator between thousands."""
    return DASH if number is None else f"{number:,.0f}".replace(",", THIN)


def kilobytes(size_bytes: float | None) -> str:
    """Returns a size in kB of 1000 bytes."""
    return DASH if size_bytes is None else f"{size_bytes / 1000:,.1f}".replace(",", THIN) + f"{THIN}kB"


def rate(per_hour: float | None) -> str:
    """Returns a number of events per hour, rounded to its significant digits."""
    if per_hour is None:
        return DASH
    return f"{per_hour:.2f}" if per_hour < 10 else f"{per_hour:.0f}"


def rate_interval(bounds: tuple[float, float] | list[float] | None) -> str:
    """Returns an interval of events per hour, or a dash for None."""
    return DASH if bounds is None else f"{rate(bounds[0])}{DASH}{rate(bounds[1])}"


def duration(seconds: float) -> str:
    """Returns a duration in milliseconds, seconds, minutes or hours."""
    if seconds < 1:
        return f"{1000 * seconds:.0f}{THIN}ms"
    if seconds < 60:
        return f"{seconds:.1f}{THIN}s"
    minutes = seconds / 60
    if minutes < 120:
        return f"{minutes:.{1 if minutes < 10 else 0}f}{THIN}min"
    return f"{minutes / 60:.1f}{THIN}h"


def decibels(level_db: float) -> str:
    """Returns a level in dB; digital silence has none."""
    return f"{level_db:.0f}{THIN}dB".replace("-", MINUS) if math.isfinite(level_db) else "zero"


def percent_interval(bounds: tuple[float, float] | None) -> str:
    """Returns an interval of shares in percent without the sign, or an empty text for None."""
    return "" if bounds is None else f"{100 * bounds[0]:.0f}{DASH}{100 * bounds[1]:.0f}"
