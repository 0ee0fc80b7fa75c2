"""Rule for test splits that have too few clips for precise figures."""

from collections.abc import Mapping
from typing import Any

from kwspipe.labels import UNKNOWN, is_keyword
from kwspipe.metrics.share_interval import wilson_interval

# Shares with a wider interval than +-10 points, which 16 clips give at best, do not show whether a model is usable:
# 90 % and 75 % cannot be distinguished.
MAX_INTERVAL = 0.2
# Five clips of one word that are all correct give 57 to 100 %. A word with fewer clips has no figure of its own.
MIN_CLIPS_PER_WORD = 5
MAX_LISTED = 4
MAX_CLIPS = 100_000  # limit of the search for a sufficient number of clips


def few_clips(metrics: Mapping[str, Any]) -> tuple[dict[str, int], str]:
    """Returns the keywords, and ``_unknown_``, that have too few test clips.

    Args:
        metrics: content of ``metrics.json``.

    Returns:
        Number of clips by label, and a description for messages. Both are empty if there are enough clips.
    """
    counts = {label: row["clips"] for label, row in metrics["int8"]["per_class"].items()}
    keywords = {label: count for label, count in counts.items() if is_keyword(label)}
    few = {label: count for label, count in keywords.items() if count < MIN_CLIPS_PER_WORD}
    needed = {}
    for name, key, clips in (
        ("keywords", "words_accuracy", sum(keywords.values())),
        (UNKNOWN, "unknown_rejected", counts.get(UNKNOWN, 0)),
    ):
        share = metrics["int8"].get(key)
        if share is not None and _width(share, clips) > MAX_INTERVAL:
            few |= keywords if name == "keywords" else {name: clips}
            needed[name] = _enough(share)
    if not few:
        return {}, ""
    fewest = sorted(few.items(), key=lambda item: item[1])[:MAX_LISTED]
    text = f"few test clips: {', '.join(f'{label} {count:,}' for label, count in fewest)}"
    if needed:
        enough = " and ".join(f"{clips:,} of {name}" for name, clips in needed.items())
        text += f". Intervals of ±{50 * MAX_INTERVAL:.0f} points require about {enough}"
    return few, text


def _width(share: float, clips: int) -> float:
    bounds = wilson_interval(share, clips)
    return 1.0 if bounds is None else bounds[1] - bounds[0]


def _enough(share: float) -> int:
    """Returns the smallest number of clips at which a share has an interval of at most MAX_INTERVAL."""
    low, high = 1, MAX_CLIPS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _width(share, middle) <= MAX_INTERVAL else (middle + 1, high)
    return low
