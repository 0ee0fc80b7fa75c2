"""What the jobs of a sweep have come to, read from their folders."""

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
# In the order of the table; the sweepers' objectives bear these names too.
SHARES = ("validation", "accuracy", "words_accuracy", "unknown_rejected")
NAMES = (*SHARES, "false_accepts_per_hour", "image_bytes", "instructions")


@dataclass(frozen=True)
class Job:
    """A job and what it has come to.

    Attributes:
        folder: its run directory.
        record: its overrides, and how it stands.
        figures: None where a stage that gives them has not run.
    """

    folder: Path
    record: JobRecord
    figures: Figures

    @cached_property
    def clips(self) -> dict[str, int]:
        """Of how many clips of the test split a figure is a share, by its name; without those that are none."""
        classes = _json(self.folder / "evaluate" / "metrics.json").get("int8", {}).get("per_class", {})
        counts = {name: kept["clips"] for name, kept in classes.items()}
        return {
            "accuracy": sum(counts.values()),
            "words_accuracy": sum(count for name, count in counts.items() if is_keyword(name)),
            "unknown_rejected": counts.get(UNKNOWN, 0),
        }


def jobs_of(sweep_dir: Path) -> list[Job]:
    """Returns the jobs of a sweep, by name of their folders."""
    found = []
    for path in sorted(sweep_dir.glob(f"[!.]*/{record.RECORD}")):
        kept = record.read(path.parent)
        if kept is not None:
            found.append(Job(path.parent, kept, figures(path.parent)))
    return found


def figures(run_dir: Path) -> Figures:
    """Returns the figures of a run directory.

    ``validation``: mean recall of the classes on validation, at its best epoch. ``accuracy`` (of all clips),
    ``words_accuracy``, ``unknown_rejected`` and ``false_accepts_per_hour``: of the int8 model on the test split.
    ``image_bytes``: the model image. ``instructions``: of one inference on the emulated board.
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
