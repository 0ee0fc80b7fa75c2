"""Figures of the jobs of a sweep, read from their folders."""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kwspipe.labels import UNKNOWN, is_keyword
from kwspipe.sweep import record
from kwspipe.sweep.record import JobRecord

Figures = dict[str, float | None]
# Names of the figures in the order of the table. The objectives of the search have the same names.
SHARES = ("validation", "accuracy", "words_accuracy", "unknown_rejected")
NAMES = (*SHARES, "false_accepts_per_hour", "image_bytes", "instructions")


@dataclass(frozen=True)
class Job:
    """A job and its figures.

    Attributes:
        folder: run directory of the job.
        record: overrides and status.
        figures: values by name; None if the stage that measures the figure has not run.
    """

    folder: Path
    record: JobRecord
    figures: Figures

    @cached_property
    def clips(self) -> dict[str, int]:
        """Number of test clips per share of the test split, by name of the figure."""
        classes = _json(self.folder / "evaluate" / "metrics.json").get("int8", {}).get("per_class", {})
        counts = {label: figures["clips"] for label, figures in classes.items()}
        return {
            "accuracy": sum(counts.values()),
            "words_accuracy": sum(count for label, count in counts.items() if is_keyword(label)),
            "unknown_rejected": counts.get(UNKNOWN, 0),
        }


def read_jobs(sweep_dir: Path) -> list[Job]:
    """Returns the jobs of a sweep, sorted by the names of their folders."""
    found = []
    for path in sorted(sweep_dir.glob(f"[!.]*/{record.RECORD}")):
        job_record = record.read(path.parent)
        if job_record is not None:
            found.append(Job(path.parent, job_record, read_figures(path.parent)))
    return found


def read_figures(run_dir: Path) -> Figures:
    """Returns the figures of a run directory.

    ``validation`` is the largest mean recall of the classes on the validation split over the epochs. ``accuracy``,
    ``words_accuracy``, ``unknown_rejected`` and ``false_accepts_per_hour`` are those of the int8 model on the test
    split. ``image_bytes`` is the size of the model image. ``instructions`` are those of one inference on the emulated
    board.
    """
    metrics = _json(run_dir / "evaluate" / "metrics.json")
    image = run_dir / "quantize" / "model.kws"
    return {
        "validation": _validation(run_dir / "train" / "history.csv"),
        "accuracy": _number(metrics, "int8", "accuracy"),
        "words_accuracy": _number(metrics, "int8", "words_accuracy"),
        "unknown_rejected": _number(metrics, "int8", "unknown_rejected"),
        "false_accepts_per_hour": _number(metrics, "streaming", "false_accepts_per_hour"),
        "image_bytes": float(image.stat().st_size) if image.is_file() else None,
        "instructions": _instructions(run_dir),
    }


def _validation(history: Path) -> float | None:
    rows = _rows(history)
    return max((float(row["val_balanced_accuracy"]) for row in rows), default=None)


def _instructions(run_dir: Path) -> float | None:
    rows = _rows(run_dir / "quantize" / "profile.csv")
    counts = [row.get("instructions") for row in rows]
    return float(sum(map(int, counts))) if counts and all(counts) else None  # type: ignore[arg-type]


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def _number(tree: Any, *keys: str) -> float | None:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return float(tree) if isinstance(tree, int | float) else None
