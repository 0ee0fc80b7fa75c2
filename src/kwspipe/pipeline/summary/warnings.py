"""Warnings about the test data of a run: synthetic speech, and few clips."""

from collections.abc import Collection, Mapping
from typing import Any

from kwspipe.config import DatasetConfig
from kwspipe.labels import UNKNOWN, is_keyword
from kwspipe.metrics.share_interval import wilson_interval

# Shares with a wider interval than +-10 points, which 16 clips give at best, do not show whether a model is usable:
# 90 % and 75 % cannot be distinguished.
MAX_INTERVAL = 0.2
# Five clips of one word that are all correct give 57 to 100 %. A word with fewer clips has no figure of its own.
MIN_CLIPS_PER_WORD = 5
MAX_LISTED = 4
MAX_CLIPS = 100_000  # limit of the search for a sufficient number of clips


def synthetic_warning(data: Mapping[str, Any]) -> str | None:
    """Returns a warning if all clips, or some training clips, are synthetic speech, and None otherwise.

    Args:
        data: summary of the stage prepare.
    """
    if data.get("synthetic"):
        return (
            "all clips are synthetic speech, in training and in this test. The figures do not predict the accuracy "
            "on human speech. Use recordings: dataset=folder dataset.root=path/to/speech"
        )
    added = sum(data.get("synthetic_training_clips", {}).values())
    return f"{added:,} training clips are synthetic speech. The test clips are recordings." if added else None


def few_clips_warning(metrics: Mapping[str, Any], dataset: DatasetConfig) -> str | None:
    """Returns a warning if the test has too few clips of keywords or other words for a precise figure.

    Args:
        metrics: content of ``metrics.json``.
        dataset: configuration of the data set, for the settings that give more clips.
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
        return None
    fewest = sorted(few.items(), key=lambda item: item[1])[:MAX_LISTED]
    sentences = [f"few test clips: {', '.join(f'{label} {count:,}' for label, count in fewest)}"]
    if needed:
        enough = " and ".join(f"{clips:,} of {name}" for name, clips in needed.items())
        sentences.append(f"Intervals of ±{50 * MAX_INTERVAL:.0f} points require about {enough}")
    sentences.append(_more_clips(metrics.get("data", {}), dataset, set(few)))
    return ". ".join(sentences)


def _more_clips(data: Mapping[str, Any], dataset: DatasetConfig, few: Collection[str]) -> str:
    """Returns the settings that give more test clips of the labels with few clips."""
    settings = []
    if any(map(is_keyword, few)):
        if dataset.max_clips_per_word is not None:
            settings.append(f"dataset.max_clips_per_word ({dataset.max_clips_per_word})")
        if data.get("synthetic"):
            settings.append(f"dataset.synthetic.clips_per_word ({dataset.synthetic.clips_per_word})")
        else:
            settings.append(f"dataset.testing_fraction ({dataset.testing_fraction:g})")
    if UNKNOWN in few:
        settings.append(f"dataset.min_evaluation_clips ({dataset.min_evaluation_clips})")
    begin = "Raise" if data.get("synthetic") else "Add recordings of more speakers, or raise"
    return f"{begin} {', '.join(settings)}"


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
