"""Training history: history.csv and the choice of the best epoch."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from kwspipe.errors import KwspipeError

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def read(path: Path) -> list[dict[str, float]]:
    """Returns one row per epoch, by column: ``COLUMNS`` and possibly others.

    Raises:
        KwspipeError: the file is missing, empty or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
        missing = [name for name in COLUMNS if rows and name not in rows[0]]
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        problem = f"is damaged: {type(error).__name__} {error}"
    else:
        if rows and not missing:
            return rows
        problem = f"is damaged: no column {', '.join(missing)}" if missing else "has no epochs"
    raise KwspipeError(str(path), problem, f"one row per epoch with {', '.join(COLUMNS)}", "run train again")


def best(rows: Sequence[Mapping[str, float]], monitor: str) -> int:
    """Returns the index of the best epoch, whose weights are kept.

    Args:
        rows: the epochs.
        monitor: column of the metric. The best epoch has the smallest ``val_loss``, or the largest value of another
            column. Among epochs with equal values, the one with the smallest val_loss is the best, and then the first.
    """

    def rank(index: int) -> tuple[float, float]:
        loss = -rows[index]["val_loss"]
        return (loss if monitor == "val_loss" else rows[index][monitor], loss)

    return max(range(len(rows)), key=rank)
