"""Accuracy in noise, read from the content of ``metrics.json``."""

from collections.abc import Mapping, Sequence
from typing import Any


def words_over_noise(
    metrics: Mapping[str, Any], kinds: Sequence[str]
) -> list[tuple[float, list[float | None]]]:
    """Returns for each measured signal-to-noise ratio in dB the share of words found by each kind of model.

    Args:
        metrics: the content of ``metrics.json``.
        kinds: ``float``, ``int8`` or both; the share is None where a kind was not measured.
    """
    return [
        (row["snr_db"], [row.get(kind, {}).get("words_accuracy") for kind in kinds])
        for row in metrics.get("in_noise", [])
    ]
