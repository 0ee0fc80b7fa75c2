"""Figures of the summary on clips, on streams and on a board: rows of a name, a value, an interval and a note."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.config.threshold_text import FULL_SCORE, threshold_text
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword
from kwspipe.metrics.share_interval import GOOD, POOR, wilson_interval
from kwspipe.runs.metrics_content import TOTALS, words_over_noise
from kwspipe.terminal.numbers import percent
from kwspipe.training.rejection import words_at_rejection

REJECTED = 0.95  # share of other words at which models with different biases are compared
SMALLEST_DIFFERENCE = 5e-4  # shares are shown with one decimal
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Figure:
    """A row of the summary; ``style`` is a style of rich for the value."""

    name: str
    value: str
    interval: str = ""
    note: str = ""
    style: str = ""


def clip_figures(metrics: Mapping[str, Any], scores: Mapping[str, npt.NDArray[Any]] | None) -> list[Figure]:
    """Returns the figures of the int8 model on the test clips, and those of the float model where they differ.

    Args:
        metrics: content of ``metrics.json``.
        scores: content of ``scores.npz``, or None.
    """
    per_class = metrics["int8"]["per_class"]
    counts = {label: figures["clips"] for label, figures in per_class.items()}
    keywords = sum(count for label, count in counts.items() if is_keyword(label))
    return [
        *_total(metrics, "words_accuracy", keywords),
        *_lowest_keyword(per_class),
        *_in_noise(metrics, keywords),
        *_at_rejection(scores, list(per_class), keywords),
        *_total(metrics, "unknown_rejected", counts.get(UNKNOWN, 0)),
        *_total(metrics, "silence_rejected", counts.get(SILENCE, 0)),
    ]


def _total(metrics: Mapping[str, Any], key: str, clips: int) -> list[Figure]:
    share, other = metrics["int8"].get(key), metrics.get("float", {}).get(key)
    if share is None:
        return []
    note = f"of {clips:,} clips"
    if other is not None and abs(other - share) >= SMALLEST_DIFFERENCE:
        note = f"of {clips:,}, float {percent(other)}"
    return [share_figure(TOTALS[key], share, clips, note)]


def _lowest_keyword(per_class: Mapping[str, Any]) -> list[Figure]:
    """Returns the keyword with the lowest recall, if there are several keywords with different recall."""
    recalls = {
        label: row for label, row in per_class.items() if is_keyword(label) and row["recall"] is not None
    }
    if len({row["recall"] for row in recalls.values()}) < 2:
        return []
    label, row = min(recalls.items(), key=lambda item: item[1]["recall"])
    return [share_figure(f"  lowest: {label}", row["recall"], row["clips"], f"of {row['clips']:,} clips")]


def _in_noise(metrics: Mapping[str, Any], keywords: int) -> list[Figure]:
    rows = [(snr_db, share) for snr_db, (share,) in words_over_noise(metrics, ("int8",)) if share is not None]
    if not rows:
        return []
    snr_db, share = min(rows)
    return [share_figure(f"  {snr_db:g} dB over noise", share, keywords)]


def _at_rejection(
    scores: Mapping[str, npt.NDArray[Any]] | None, labels: list[str], keywords: int
) -> list[Figure]:
    if scores is None or "int8" not in scores:
        return []
    share = words_at_rejection(np.asarray(scores["targets"]), scores["int8"], labels, REJECTED)
    if share is None:
        return []
    return [share_figure(f"  at {100 * REJECTED:.0f} % {UNKNOWN} rejected", share, keywords)]


def stream_figures(streaming: Mapping[str, Any]) -> list[Figure]:
    """Returns false accepts, missed keywords and latency.

    Args:
        streaming: ``streaming`` of ``metrics.json``. Figures that were not measured are left out.
    """
    found = []
    rate, bounds = streaming.get("false_accepts_per_hour"), streaming.get("false_accepts_interval")
    if rate is not None and bounds:
        hours = streaming["hours"]
        interval = f"{per_hour(bounds[0])} to {per_hour(bounds[1])}"
        found.append(
            Figure("false accepts per hour", per_hour(rate), interval, f"{rate * hours:.0f} in {hours:.2f} h")
        )
    missed, bounds = streaming.get("false_reject_rate"), streaming.get("false_reject_interval")
    if missed is not None and bounds:
        note = f"of {streaming['keywords']:,} spoken" if "keywords" in streaming else ""
        found.append(Figure("keywords missed", percent(missed), interval_text((bounds[0], bounds[1])), note))
    if latency := streaming.get("latency_ms"):
        note = f"90 %: {latency['p90']:.0f} ms"
        found.append(Figure("latency", f"{latency['median']:.0f} ms", "", note))
    return found


def thresholds_text(streaming: Mapping[str, Any]) -> str:
    """Returns the thresholds in percent, and as the override that sets them."""
    values = sorted(set((streaming.get("thresholds") or {"": streaming["threshold"]}).values()))
    if len(values) == 1:
        share = f"{100 * values[0] / FULL_SCORE:.0f} %"
        return f"threshold {share} (detector.detection_threshold={values[0]})"
    return f"thresholds {threshold_text(values[0])} to {threshold_text(values[-1])}"


def model_text(board: Mapping[str, Any] | None, image: bytes, instructions: int | None) -> str:
    """Returns size and cost of the model on a board.

    Args:
        board: JSON file of deploy, or None if the model was not deployed. The shares of the memory are those of the
            board.
        image: the model image.
        instructions: instructions of one inference on the emulated board, or None if they were not counted.
    """
    from kwspipe.core.image_info import ImageRequirements

    memory_bytes = ImageRequirements.of(image).memory_bytes
    flash = f"{len(image):,} bytes of flash"
    memory = f"{memory_bytes:,} bytes of RAM"
    if board is not None:
        flash += _share_of(len(image), board.get("slot_bytes"), "a model slot")
        memory += _share_of(memory_bytes, board.get("max_memory_bytes"), "the model memory")
        key = next((key for key in board if key.endswith("_per_inference")), None)
        if key is not None:
            return f"{flash}, {memory}, {board[key]:,} {key.removesuffix('_per_inference')} per inference"
    cost = f", {instructions:,} instructions per inference" if instructions is not None else ""
    return f"{flash}, {memory}{cost}"


def _share_of(size: int, total: int | None, name: str) -> str:
    return f" ({size / total:.0%} of {name})".replace("%", " %") if total else ""


def share_figure(name: str, share: float, clips: int, note: str = "") -> Figure:
    """Returns a share of clips with its Wilson interval; the style depends on the interval."""
    bounds = wilson_interval(share, clips)
    style = "" if bounds is None else "red" if bounds[1] < POOR else "green" if bounds[0] > GOOD else ""
    return Figure(name, percent(share), interval_text(bounds), note, style)


def interval_text(bounds: Bounds | None) -> str:
    """Returns an interval of a share in percent, empty for None."""
    return "" if bounds is None else f"{100 * bounds[0]:.0f} to {100 * bounds[1]:.0f} %"


def per_hour(rate: float) -> str:
    """Returns a rate per hour with one decimal, and without decimals from 100 on."""
    return f"{rate:.0f}" if rate >= 100 else f"{rate:.1f}"
