"""history.csv: what training reached, epoch by epoch, and which epoch was kept."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from kwspipe.errors import KwspipeError

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def read(path: Path) -> list[dict[str, float]]:
    """Returns a row an epoch, by column; ``COLUMNS`` are there, others may be.

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
    raise KwspipeError(str(path), problem, f"a row an epoch with {', '.join(COLUMNS)}", "run train again")


def best(rows: Sequence[Mapping[str, float]], monitor: str) -> int:
    """Returns the place of the best epoch by the monitored metric: the one whose weights are kept.

    Args:
        rows: the epochs so far.
        monitor: name of a column; of ``val_loss`` the smallest is best, of others the largest, of equals the one with
            the smallest val_loss, and of these the earliest.
    """

    def worth(index: int) -> tuple[float, float]:
        loss = -rows[index]["val_loss"]
        return (loss if monitor == "val_loss" else rows[index][monitor], loss)

    return max(range(len(rows)), key=worth)
