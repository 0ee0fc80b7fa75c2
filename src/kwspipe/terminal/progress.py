"""Progress of long work: bars on a terminal, plain lines at intervals elsewhere."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeVar

from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from kwspipe.terminal.lines import INDENT, console, print_line

# Interval of the plain lines. Work that is shorter prints none.
INTERVAL_S = 10.0

Item = TypeVar("Item")
Unit = Literal["items", "bytes", "percent"]
COLUMNS: dict[Unit, tuple[ProgressColumn, ...]] = {
    "items": (MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()),
    "bytes": (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()),
    "percent": (
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ),
}


class ProgressBars(Progress):
    """Progress bars on standard error, which disappear at the end of the ``with`` block.

    Where standard error is not a terminal, each task prints a line every ``INTERVAL_S`` seconds, and nothing if it
    ends earlier.

    Args:
        unit: unit of ``total`` and ``completed``: items, bytes, or a unit that is shown as a percentage only.
    """

    def __init__(self, unit: Unit = "items") -> None:
        target = console()
        columns = (TextColumn(" " * INDENT + "{task.description}"), BarColumn(), *COLUMNS[unit])
        super().__init__(*columns, console=target, transient=True, disable=not target.is_terminal)
        self._unit = unit
        self._printed_s: dict[TaskID, float] = {}

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Changes a task, as ``rich.progress.Progress.update`` does."""
        super().update(task_id, **changes)
        self._print_line(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Advances a task."""
        super().advance(task_id, advance)
        self._print_line(task_id)

    def _print_line(self, task_id: TaskID) -> None:
        now_s = time.monotonic()
        if not self.disable or now_s - self._printed_s.setdefault(task_id, now_s) < INTERVAL_S:
            return
        self._printed_s[task_id] = now_s
        task = self._tasks[task_id]
        if task.visible and not task.finished:
            print_line(f"{task.description}: {self._amount(task.completed, task.total, task.time_remaining)}")

    def _amount(self, completed: float, total: float | None, remaining_s: float | None) -> str:
        written = {
            "items": lambda number: f"{number:,.0f}",
            "bytes": lambda number: decimal(int(number)),
            "percent": lambda number: "",
        }[self._unit]
        if not total:
            return written(completed) or "running"
        share = f"{100 * completed / total:.0f} %"
        text = share if self._unit == "percent" else f"{written(completed)} of {written(total)} ({share})"
        return text if remaining_s is None else f"{text}, {duration(remaining_s)} left"


def track(items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
    """Yields ``total`` items and shows the progress."""
    with ProgressBars() as bars:
        task = bars.add_task(description, total=total)
        for item in items:
            yield item
            bars.advance(task)


def duration(seconds: float) -> str:
    """Returns a duration as hours, minutes and seconds, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
