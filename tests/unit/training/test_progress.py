"""Output of a training: a line per epoch, with a progress bar on a terminal."""

import io
import re

from rich.console import Console

from kwspipe.training.progress import TrainingProgress
from kwspipe.training.state import EpochResult

LINE = r"    epoch {} of 3: loss 0\.123, validation loss 0\.500, accuracy 87\.5%, rate 5\.00e-04, \d+ s, 0:00:0\d left"


def result(epoch: int) -> EpochResult:
    return EpochResult(
        epoch=epoch, learning_rate=0.0005, loss=0.12345, accuracy=0.75, val_loss=0.5, val_accuracy=0.875,
        val_balanced_accuracy=0.8,
    )  # fmt: skip


def output(first_epoch: int, terminal: bool) -> str:
    text = io.StringIO()
    console = Console(file=text, width=60, force_terminal=terminal)
    with TrainingProgress(first_epoch, 3, 2, console) as progress:
        for epoch in range(first_epoch, 3):
            for _ in range(2):
                progress.step(epoch)
            progress.finish_epoch(result(epoch), "val_balanced_accuracy")
    return text.getvalue()


def test_without_a_terminal_each_epoch_is_one_plain_line() -> None:
    lines = output(0, terminal=False).splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(LINE.format(number), line), line


def test_each_line_is_flushed() -> None:
    flushed: list[str] = []

    class File(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    with TrainingProgress(0, 3, 2, Console(file=File(), width=60)) as progress:
        progress.finish_epoch(result(0), "val_loss")
        assert "epoch 1 of 3" in flushed[-1]


def test_a_resumed_training_prints_its_epoch() -> None:
    lines = output(1, terminal=False).splitlines()
    assert lines[0] == "    resuming at epoch 2 of 3"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["epoch 2 of 3", "epoch 3 of 3"]
    assert output(3, terminal=False) == ""  # interrupted after the last epoch


def test_on_a_terminal_there_is_also_a_bar() -> None:
    text = output(0, terminal=True)
    assert text.count(": loss ") == 3
    assert "━" in text and "6/6" in text and "val_balanced_accuracy 0.800" in text
