"""Progress of a training: a bar and a table of the finished epochs on a terminal, otherwise one line per epoch."""

import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from kwspipe.terminal.lines import INDENT, LoggedConsole, console
from kwspipe.terminal.numbers import percent
from kwspipe.terminal.progress import duration
from kwspipe.training.state import EpochResult

# Title and width of the columns of the table.
COLUMNS = (
    ("epoch", 7), ("train loss", 10), ("val. loss", 9), ("accuracy", 8), ("words", 7), ("rate", 8), ("remaining", 9),
)  # fmt: skip
LEGEND = "words: found with 95 % of others rejected (-: too few clips); *: best so far"


class TrainingProgress:
    """Shows the progress of a training.

    Args:
        first_epoch: number of the first epoch to train, counted from 0; above 0 if the training is resumed.
        num_epochs: number of epochs of the training.
        num_batches: number of batches per epoch.
        target: destination; None: standard error.
    """

    def __init__(
        self, first_epoch: int, num_epochs: int, num_batches: int, target: LoggedConsole | None = None
    ) -> None:
        self.first_epoch, self.num_epochs, self.num_batches = first_epoch, num_epochs, num_batches
        self.console = target or console()
        self._bar = Progress(
            TextColumn(" " * INDENT + "{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps{task.fields[remaining]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("the first step takes longer", total=num_batches, remaining="")

    def __enter__(self) -> "TrainingProgress":
        if 0 < self.first_epoch < self.num_epochs:
            self.print(f"resuming at epoch {self.first_epoch + 1} of {self.num_epochs}")
        if self.first_epoch < self.num_epochs and self.console.is_terminal:
            self.print(LEGEND)
            self.print(_row([title for title, _ in COLUMNS]), "bold")
        self._bar.start()
        self._first_step_s = self._epoch_start_s = time.monotonic()
        self._steps = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def print(self, text: str, style: str = "") -> None:
        """Prints a line, on a terminal above the bar."""
        self.console.print_line(text, style)

    def step(self, epoch: int) -> None:
        """Counts a step of an epoch."""
        self._steps += 1
        if self._steps == 1:
            self._first_step_s = time.monotonic()
        done = self._steps % self.num_batches or self.num_batches
        self._bar.update(
            self._task,
            completed=done,
            description=f"epoch {epoch + 1} of {self.num_epochs}",
            remaining=f", {duration(self._remaining_s())} left" if self._steps > 1 else "",
        )

    def finish_epoch(self, result: EpochResult, words_found: float | None, is_best: bool) -> None:
        """Prints the results of an epoch.

        Args:
            result: the results.
            words_found: share of the keywords found at the bias that rejects 95 % of the other words; None if the
                validation split has no keywords or no other words.
            is_best: no earlier epoch was better.
        """
        now_s = time.monotonic()
        seconds, self._epoch_start_s = now_s - self._epoch_start_s, now_s
        done = result.epoch + 1
        self._steps = (done - self.first_epoch) * self.num_batches
        remaining = duration(self._remaining_s())
        losses = f"{result.loss:.3f}", f"{result.val_loss:.3f}"
        accuracy, words, rate = (
            percent(result.val_accuracy),
            percent(words_found),
            f"{result.learning_rate:.2e}",
        )
        if self.console.is_terminal:
            row = _row([f"{done}/{self.num_epochs}", *losses, accuracy, words, rate, remaining])
            self.print(row + (" *" if is_best else ""), "green" if is_best else "")
            return
        found = "" if words_found is None else f", words {words} at 95 % of others rejected"
        self.print(
            f"epoch {done} of {self.num_epochs}: train loss {losses[0]}, validation loss {losses[1]}, "
            f"accuracy {accuracy}{found}, learning rate {rate}, {seconds:.0f} s, {remaining} left"
            f"{', best so far' if is_best else ''}"
        )

    def print_best(self, result: EpochResult, words_found: float | None) -> None:
        """Prints the line of the epoch whose weights are kept; ``words_found`` is None if it is not known."""
        words = "" if words_found is None else f", words {percent(words_found)}"
        self.print(
            f"best epoch {result.epoch + 1} of {self.num_epochs}: validation loss {result.val_loss:.3f}, "
            f"accuracy {percent(result.val_accuracy)}{words}"
        )

    def _remaining_s(self) -> float:
        """Returns the remaining time from the mean duration of the steps, without the first one, which compiles."""
        missing = (self.num_epochs - self.first_epoch) * self.num_batches - self._steps
        return (time.monotonic() - self._first_step_s) / max(self._steps - 1, 1) * missing


def _row(cells: list[str]) -> str:
    return "  ".join(cell.rjust(width) for cell, (_, width) in zip(cells, COLUMNS, strict=True))
