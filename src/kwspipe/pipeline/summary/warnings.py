"""Warnings about the test data of a run: synthetic speech, and few clips."""

from collections.abc import Collection, Mapping
from typing import Any

from kwspipe.config import DatasetConfig
from kwspipe.labels import UNKNOWN, is_keyword
from kwspipe.metrics.few_clips import few_clips


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
    few, text = few_clips(metrics)
    return f"{text}. {_more_clips(metrics.get('data', {}), dataset, few)}" if few else None


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
