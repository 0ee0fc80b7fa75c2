"""Page of a comparison of runs, as a self-contained HTML file."""

import re

from markupsafe import Markup

from kwspipe import __version__
from kwspipe.metrics import comparison_text
from kwspipe.metrics.comparison import Comparison
from kwspipe.report import page

MAX_NAMED_COLUMNS = 2  # more runs have letters as headings of the columns


def compose(comparison: Comparison) -> str:
    """Returns the page."""
    runs = comparison.runs
    has_letters = len(runs) > MAX_NAMED_COLUMNS
    names = dict(zip(runs, comparison_text.letters(len(runs)) if has_letters else runs, strict=True))
    first = names[runs[0]]
    return page.render(
        "comparison.html.j2",
        version=__version__,
        names=names,
        has_letters=has_letters,
        first=first,
        num_clips=comparison.num_clips,
        notes=comparison.notes,
        tests=[
            (names[run], comparison_text.conclusion(first, names[run], verdicts), verdicts)
            for run, verdicts in comparison_text.by_run(comparison)
        ],
        explanation=comparison_text.explanation(comparison),
        sections=comparison_text.sections(comparison),
        text=comparison_text,
        breakable=_breakable,
    )


def _breakable(text: str) -> Markup:
    """Returns escaped text with line breaks allowed after hyphens and underscores."""
    return Markup("<wbr>").join(re.split(r"(?<=[-_])", text))
