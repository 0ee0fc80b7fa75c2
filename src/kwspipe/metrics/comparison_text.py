"""Text of a comparison of runs: titles and units of the figures, intervals, and the results of the tests in words."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from kwspipe.config.threshold_text import FULL_SCORE
from kwspipe.metrics.comparison import Comparison, Verdict
from kwspipe.metrics.comparison_rows import Interval, Row
from kwspipe.terminal.numbers import percent

DASH = "-"
SECTIONS = {
    "share of, int8": "Test clips, int8 model",
    "recall, int8": "Recall, int8 model",
    "accuracy": "Accuracy by form",
    "accuracy, each on its own clips": "Accuracy by form, each run on its own clips",
    "streams": "Streams",
    "device": "Device",
}


def rate(per_hour: float) -> str:
    """Returns a number of events per hour with about two significant digits."""
    return f"{per_hour:.2f}" if per_hour < 10 else f"{per_hour:,.0f}"


def _percent_range(bounds: Interval) -> str:
    return f"{100 * bounds[0]:.0f}–{100 * bounds[1]:.0f}"


def _rate_range(bounds: Interval) -> str:
    return f"{rate(bounds[0])}–{rate(bounds[1])}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _hours(value: float) -> str:
    return f"{value:.2f} h"


def _millions(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value >= 1e6 else _count(value)


def _kilobytes(value: float) -> str:
    return f"{value / 1000:.1f} kB"


def _threshold(value: float) -> str:
    return f"{100 * value / FULL_SCORE:.0f} %"


# Title and format of the figures that are not shares by clip.
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "threshold": (f"threshold (% of {FULL_SCORE})", _threshold),
    "false_accepts_per_hour": ("false accepts per hour", rate),
    "hours": ("audio for false accepts", _hours),
    "keywords": ("keywords in streams", _count),
    "missed": ("keywords missed", _count),
    "speakers": ("speakers", _count),
    "false_reject_rate": ("keywords missed, share", percent),
    "double_detection_rate": ("keywords detected twice", percent),
    "audio_hours": ("audio in total", _hours),
    "multiply-accumulates": ("multiply-accumulates", _millions),
    "image bytes": ("model image", _kilobytes),
    "tensor arena bytes": ("tensor arena", _kilobytes),
    "memory bytes": ("memory", _kilobytes),
    ".tflite bytes": (".tflite file", _kilobytes),
    "instructions an inference": ("instructions per inference", _millions),
}


@dataclass(frozen=True)
class TextRow:
    """A row of a table as text.

    Attributes:
        title: title of the figure.
        values: (runs,) values with units.
        intervals: (runs,) 95 % intervals without units. Empty texts if there are none.
    """

    title: str
    values: tuple[str, ...]
    intervals: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Values with the interval in parentheses."""
        pairs = zip(self.values, self.intervals, strict=True)
        return tuple(f"{value} ({interval})" if interval else value for value, interval in pairs)


def sections(comparison: Comparison) -> list[tuple[str, list[TextRow]]]:
    """Returns title and rows of each section."""
    grouped = itertools.groupby(comparison.rows, key=lambda row: row.section)
    return [(SECTIONS[section], [_text_row(row) for row in rows]) for section, rows in grouped]


def _text_row(row: Row) -> TextRow:
    title, form = (row.figure, percent) if row.is_share else FIGURES.get(row.figure, (row.figure, _general))
    in_percent = row.is_share or form is percent
    ranges = [_percent_range if in_percent else _rate_range] * len(row.values)
    bounds = row.intervals or (None,) * len(row.values)
    return TextRow(
        title,
        tuple(DASH if value is None else form(value) for value in row.values),
        tuple("" if pair is None else text(pair) for text, pair in zip(ranges, bounds, strict=True)),
    )


def _general(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def difference(verdict: Verdict) -> str:
    """Returns the difference in percentage points, with its sign."""
    return _points(verdict.paired.difference)


def difference_range(verdict: Verdict) -> str:
    """Returns the 95 % interval of the difference in percentage points."""
    low, high = verdict.interval
    return f"{_points(low)} to {_points(high)}"


def _points(share: float) -> str:
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def p_value(verdict: Verdict) -> str:
    """Returns the p-value with three decimals."""
    return "<0.001" if verdict.p_value < 0.001 else f"{verdict.p_value:.3f}"


def letters(count: int) -> tuple[str, ...]:
    """Returns short names of runs: letters, or numbers of more than 26 runs."""
    return (
        tuple(ascii_uppercase[:count])
        if count <= len(ascii_uppercase)
        else tuple(map(str, range(1, count + 1)))
    )


def by_run(comparison: Comparison) -> list[tuple[str, list[Verdict]]]:
    """Returns the tests of each run but the first."""
    grouped = itertools.groupby(comparison.verdicts, key=lambda verdict: verdict.run)
    return [(run, list(verdicts)) for run, verdicts in grouped]


def conclusion(first: str, run: str, verdicts: Sequence[Verdict]) -> str:
    """Returns the results of the tests of a run in words."""
    parts = [
        f"{kind} in {', '.join(f'{verdict.share} ({difference(verdict)} points)' for verdict in own)}"
        for kind in ("better", "worse")
        if (own := [verdict for verdict in verdicts if verdict.text == kind])
    ]
    open_shares = [verdict.share for verdict in verdicts if not verdict.significant]
    if not parts:
        return f"No difference between {run} and {first} is shown by these clips."
    rest = f" No difference is shown in {', '.join(open_shares)}." if open_shares else ""
    return f"{run} is {' and '.join(parts)} than {first}.{rest}"


def explanation(comparison: Comparison) -> list[str]:
    """Returns the meaning of the tests in words, one paragraph per text."""
    count = len(comparison.verdicts)
    return [
        f"Each run is compared with the first one on the same clips, by the clips on which only one of the two "
        "is correct (exact McNemar test). p is the probability of a difference of at least this size between two "
        f"equally good models, corrected for {count} tests (Holm). A run is better or worse if p is below "
        f"{comparison.alpha:g}.",
        "No difference shown does not mean that the models are equal: the interval contains the differences that are "
        "compatible with these clips. Clips of one speaker are similar, so that a p slightly below the limit is only "
        "an indication.",
    ]
