"""Content of ``metrics.json``: forms of a model, totals by clip, and accuracy in noise."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kwspipe.labels import SILENCE, UNKNOWN

# Forms of a model: the float network, the int8 network with the reference kernels, and the int8 network on a device.
FORMS = ("float", "int8", "device")
# Titles of the totals of each form, by their keys.
TOTALS = {
    "accuracy": "all clips correct",
    "words_accuracy": "keywords recognized",
    "unknown_rejected": f"{UNKNOWN} rejected",
    "silence_rejected": f"{SILENCE} rejected",
}


def total_rows(metrics: Mapping[str, Any], forms: Sequence[str]) -> list[tuple[str, list[float | None]]]:
    """Returns the totals by clip, and the accuracy on keywords in noise: title and share of each form.

    Args:
        metrics: the content of ``metrics.json``.
        forms: forms of the model that were measured.
    """
    totals = [(title, [metrics[form].get(key) for form in forms]) for key, title in TOTALS.items()]
    in_noise = [
        (f"{TOTALS['words_accuracy']} at {snr_db:g} dB over noise", shares)
        for snr_db, shares in words_over_noise(metrics, forms)
    ]
    return totals + in_noise


def words_over_noise(
    metrics: Mapping[str, Any], forms: Sequence[str]
) -> list[tuple[float, list[float | None]]]:
    """Returns the accuracy on keywords for each signal-to-noise ratio in dB and each form of the model.

    Args:
        metrics: the content of ``metrics.json``.
        forms: forms of the model; the accuracy is None for a form that was not measured in noise.
    """
    return [
        (row["snr_db"], [row.get(form, {}).get("words_accuracy") for form in forms])
        for row in metrics.get("in_noise", [])
    ]


def accuracies(run_dir: Path) -> dict[str, float]:
    """Returns the accuracy of the float and of the int8 model on the test split, by ``float`` and ``int8``."""
    metrics = json.loads((run_dir / "evaluate" / "metrics.json").read_text())
    return {form: metrics[form]["accuracy"] for form in ("float", "int8") if form in metrics}
