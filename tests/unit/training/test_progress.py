"""Output of a training: a table and a bar on a terminal, a line per epoch elsewhere."""

import io
import re

from kwspipe.terminal.lines import LoggedConsole
from kwspipe.training.progress import TrainingProgress
from kwspipe.training.state import EpochResult

LINE = (
    r"    epoch {} of 3: train loss 0\.123, validation loss 0\.500, accuracy 87\.5 %, words 90\.0 % at 95 % of others "
    r"rejected, learning rate 5\.00e-04, \d+ s, 0:00:0\d left"
)

BEST = "best epoch 2 of 3: validation loss 0.500, accuracy 87.5 %, words 90.0 %"


def result(epoch: int) -> EpochResult:
    return EpochResult(
        epoch=epoch, learning_rate=0.0005, loss=0.12345, accuracy=0.75, val_loss=0.5, val_accuracy=0.875,
        val_balanced_accuracy=0.8,
    )  # fmt: skip


def output(first_epoch: int, terminal: bool, width: int = 80) -> str:
    text = io.StringIO()
    console = LoggedConsole(stderr=True, file=text, width=width, force_terminal=terminal)
    with TrainingProgress(first_epoch, 3, 2, console) as progress:
        for epoch in range(first_epoch, 3):
            for _ in range(2):
                progress.step(epoch)
            progress.finish_epoch(result(epoch), 0.9, is_best=epoch == 1)
        progress.print_best(result(1), 0.9)
    return text.getvalue()


def shown(text: str) -> list[str]:
    """Returns the lines of a terminal without control sequences and without those of the bar."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in plain.split("\n")]
    return [line for line in lines if line and "━" not in line]


def test_without_a_terminal_each_epoch_is_one_plain_line() -> None:
    lines = output(0, terminal=False).splitlines()
    assert len(lines) == 4
    for number, line in enumerate(lines[:3], 1):
        best = ", best so far" if number == 2 else ""
        assert re.fullmatch(LINE.format(number) + best, line), line
    assert lines[3] == f"    {BEST}"


def test_each_line_is_flushed() -> None:
    flushed: list[str] = []

    class File(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    with TrainingProgress(0, 3, 2, LoggedConsole(stderr=True, file=File(), width=60)) as progress:
        progress.finish_epoch(result(0), None, is_best=True)
        assert "epoch 1 of 3" in flushed[-1] and "words" not in flushed[-1]


def test_a_resumed_training_prints_its_epoch() -> None:
    lines = output(1, terminal=False).splitlines()
    assert lines[0] == "    resuming at epoch 2 of 3"
    assert [line.split(":")[0].strip() for line in lines[1:3]] == ["epoch 2 of 3", "epoch 3 of 3"]
    lines = output(3, terminal=False).splitlines()  # interrupted after the last epoch
    assert [line.split(":")[0].strip() for line in lines] == ["best epoch 2 of 3"]


def test_a_terminal_shows_an_aligned_table_that_fits_80_columns() -> None:
    lines = shown(output(0, terminal=True))
    header = next(index for index, line in enumerate(lines) if "train loss" in line)
    rows = lines[header : header + 4]
    assert all(len(line) <= 80 for line in lines)
    ends = [[found.end() for found in re.finditer(r"\S+(?: \S+)*", line.removesuffix(" *"))] for line in rows]
    assert ends[0] == ends[1] == ends[2] == ends[3]
    assert [line.split()[0] for line in rows[1:]] == ["1/3", "2/3", "3/3"]
    assert [line.endswith("*") for line in rows] == [False, False, True, False]
    assert lines[-1].strip() == BEST


def test_a_terminal_shows_a_bar_of_the_epoch_that_disappears() -> None:
    text = output(0, terminal=True)
    assert "epoch 3 of 3 " in text and "2/2" in text and re.search(r"steps, 0:00:0\d left", text)
    assert text.index("best epoch 2") < text.rindex("\x1b[2K")  # the line of the bar is erased at the end
