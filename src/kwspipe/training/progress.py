"""Progress of a training on the console: a bar on a terminal, and one line per epoch in every output."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kwspipe.training.state import EpochResult


class TrainingProgress:
    """Shows the progress of a training. Without a terminal, only the lines of the epochs are printed.

    Args:
        first_epoch: number of the first epoch to train, counted from 0; above 0 if the training is resumed.
        num_epochs: number of epochs of the training.
        num_batches: number of batches per epoch.
        console: destination; None: standard error.
    """

    def __init__(
        self, first_epoch: int, num_epochs: int, num_batches: int, console: Console | None = None
    ) -> None:
        self.first_epoch, self.num_epochs = first_epoch, num_epochs
        self.console = console or Console(stderr=True, highlight=False)
        self.bar = Progress(
            TextColumn("    {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[result]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(
            "the first step takes longer",
            total=num_epochs * num_batches,
            completed=first_epoch * num_batches,
            result="",
        )

    def __enter__(self) -> "TrainingProgress":
        if 0 < self.first_epoch < self.num_epochs:
            self.print(f"resuming at epoch {self.first_epoch + 1} of {self.num_epochs}")
        self.bar.start()
        self._start_s = self._epoch_start_s = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def print(self, text: str) -> None:
        """Prints a line, on a terminal above the bar."""
        self.console.print(f"    {text}", soft_wrap=True)

    def step(self, epoch: int) -> None:
        """Counts a step of an epoch."""
        self.bar.update(self.task, advance=1, description=f"epoch {epoch + 1}/{self.num_epochs}")

    def finish_epoch(self, result: EpochResult, monitor: str) -> None:
        """Prints the line of an epoch.

        Args:
            result: the results of the epoch.
            monitor: name of the result that is shown beside the bar.
        """
        now_s = time.monotonic()
        seconds, self._epoch_start_s = now_s - self._epoch_start_s, now_s
        done = result.epoch + 1
        mean_s = (now_s - self._start_s) / (done - self.first_epoch)
        self.bar.update(self.task, result=f"{monitor} {getattr(result, monitor):.3f}")
        self.print(
            f"epoch {done} of {self.num_epochs}: loss {result.loss:.3f}, validation loss {result.val_loss:.3f}, "
            f"accuracy {result.val_accuracy:.1%}, rate {result.learning_rate:.2e}, "
            f"{seconds:.0f} s, {_duration(mean_s * (self.num_epochs - done))} left"
        )


def _duration(seconds: float) -> str:
    """Returns a duration as hours, minutes and seconds, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
