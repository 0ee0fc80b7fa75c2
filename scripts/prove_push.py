"""Test of interrupted pushes: ends the board at every percent, and cuts its power at every flash operation.

    python scripts/prove_push.py --board host --old a.kws --new b.kws
    python scripts/prove_push.py --board emulated --old a.kws --new b.kws --every-operation 4

After each failure the board is restarted. It must have the old or the new image, complete and working. Then the push is
continued and must end with the new image. The script prints the counts. Its exit status is 0 if all trials passed.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.model_runner import CoreModel
from kwspipe.device import firmware
from kwspipe.device.boards import open_link
from kwspipe.device.emulator.process import EmulatedBoard
from kwspipe.device.errors import DeviceError, LinkLostError
from kwspipe.device.golden import GoldenVectors
from kwspipe.device.host import HostBoard
from kwspipe.device.link import Link
from kwspipe.device.messages import ImageId, Target
from kwspipe.device.push import PushCallbacks, push

Board = HostBoard | EmulatedBoard
NUM_GOLDEN = 2


@dataclass
class Counts:
    """Numbers of failures after which the board had the old or the new image or the push resumed, and the faults."""

    old: int = 0
    new: int = 0
    resumed: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Model:
    """A model image with golden inputs and outputs."""

    image: bytes
    golden: GoldenVectors

    @classmethod
    def read(cls, path: Path) -> "Model":
        """Reads an image and computes golden outputs with the core of this machine."""
        image = path.read_bytes()
        core = CoreModel(image)
        shape = (NUM_GOLDEN, int(np.prod(core.input_shape)))
        inputs = np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
        return cls(image, GoldenVectors(inputs, core.run(inputs)))


class Bench:
    """Boards whose flash file contains the old image.

    Args:
        name: ``host`` or ``emulated``.
        old: model of the flash file.
        new: model that is pushed.
        folder: folder of the flash file.
    """

    def __init__(self, name: str, old: Model, new: Model, folder: Path) -> None:
        self.name, self.old, self.new = name, old, new
        self.flash, self.saved = folder / "flash.bin", folder / "saved.bin"
        self.program = firmware.build("host" if name == "host" else "brd2601").program
        with self.board() as board:
            self.push(board, old)
        shutil.copy(self.flash, self.saved)

    @contextmanager
    def board(self, fresh: bool = False, cut_at: int | None = None) -> Iterator[Board]:
        """Starts a board; ``fresh`` restores the flash file first."""
        if fresh:
            shutil.copy(self.saved, self.flash)
        if self.name == "host":
            started: Board = HostBoard(self.program, self.flash, cut_at=cut_at)
        else:
            at = None if cut_at is None else cut_at + 1  # the emulated board counts from 1
            started = EmulatedBoard(self.program, self.flash, baud=0, power_loss_at=at)
        with started as board:
            yield board

    def push(self, board: Board, model: Model, callbacks: PushCallbacks = PushCallbacks()) -> int:  # noqa: B008
        """Pushes a model and returns the offset at which the push resumed."""

        def connect() -> Link:
            return open_link(board.port)

        memory_bytes = ImageRequirements.of(model.image).memory_bytes
        return push(connect, model.image, memory_bytes, model.golden, callbacks, _no_retry).resumed_from

    def check(self, case: str, board: Board, counts: Counts) -> None:
        """Checks that the board has a working image, and continues the push to its end."""
        with open_link(board.port) as link:
            link.hello()
            active = link.status().active
            models = {ImageId.of(model.image): model for model in (self.old, self.new)}
            if active not in models:
                counts.faults.append(f"{case}: active is {active}")
                return
            model = models[active]
            counts.new += model is self.new
            counts.old += model is self.old
            golden = model.golden
            for values, expected in zip(golden.inputs, golden.outputs, strict=True):
                if link.test(Target.ACTIVE, values.tobytes()) != expected.tobytes():
                    counts.faults.append(f"{case}: the outputs of the active image differ")
            link.abort()
        try:
            counts.resumed += self.push(board, self.new) > 0
        except DeviceError as error:
            counts.faults.append(f"{case}: the push does not continue: {error}")


class _StoppedError(Exception):
    """Raised instead of waiting for a lost link."""


def _no_retry(_seconds: float) -> None:
    raise _StoppedError


def kill_at_percents(bench: Bench, step: int, console: Console) -> Counts:
    """Ends the board, and thereby the link, at every ``step`` percent of a push."""
    counts = Counts()
    for percent in track(range(0, 100, step), "ending the board", console=console):
        with bench.board(fresh=True) as board:

            def kill(done: int, total: int, percent: int = percent, board: Board = board) -> None:
                if done * 100 >= percent * total:
                    board.close() if isinstance(board, HostBoard) else board.kill()

            try:
                bench.push(board, bench.new, PushCallbacks(on_sent=kill))
                counts.faults.append(f"{percent} %: the push did not report that the board had ended")
            except (LinkLostError, _StoppedError):
                pass
            board.start()
            bench.check(f"{percent} %", board, counts)
    return counts


def cut_at_operations(bench: Bench, step: int, total: int, console: Console) -> Counts:
    """Cuts the power at every ``step``-th flash operation of a push, and at each of the first 60 and last 60."""
    counts = Counts()
    cuts = sorted({*range(min(60, total)), *range(0, total, step), *range(max(0, total - 60), total)})
    for cut in track(cuts, "cutting the power", console=console):
        with bench.board(fresh=True, cut_at=cut) as board:
            try:
                bench.push(board, bench.new)
                # The emulated board restarts by itself, and a push can continue without interruption.
                if isinstance(board, HostBoard):
                    counts.faults.append(f"operation {cut}: no power cut")
            except (DeviceError, _StoppedError):
                pass
            if isinstance(board, HostBoard):
                board.close()
        with bench.board() as board:
            bench.check(f"operation {cut}", board, counts)
    return counts


def count_operations(bench: Bench) -> int:
    """Returns the number of flash operations of a push: words on the host board, calls on the emulated board."""
    with bench.board(fresh=True) as board:
        if isinstance(board, EmulatedBoard):
            before = board.status()["flash"]["operations"]  # type: ignore[index]
            bench.push(board, bench.new)
            return int(board.status()["flash"]["operations"]) - int(before)  # type: ignore[index]
        bench.push(board, bench.new)
    low, high = 0, 1 << 20
    while low < high:  # searches the first operation number that the push does not reach
        middle = (low + high) // 2
        with bench.board(fresh=True, cut_at=middle) as board:
            try:
                bench.push(board, bench.new)
                high = middle
            except (DeviceError, _StoppedError):
                low = middle + 1
    return low


def main() -> int:
    """Runs both series of trials and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", choices=["host", "emulated"], default="host")
    parser.add_argument("--old", type=Path, required=True, help="image on the board before the push")
    parser.add_argument("--new", type=Path, required=True, help="image to push")
    parser.add_argument("--every-percent", type=int, default=1)
    parser.add_argument("--every-operation", type=int, default=1)
    options = parser.parse_args()
    console = Console()
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.board, Model.read(options.old), Model.read(options.new), Path(folder))
        total = count_operations(bench)
        console.print(
            f"{options.board}: {total} flash operations in a push of {len(bench.new.image):,} bytes"
        )
        trials = {
            "killed": kill_at_percents(bench, options.every_percent, console),
            "power cut": cut_at_operations(bench, options.every_operation, total, console),
        }
    for name, counts in trials.items():
        console.print(
            f"{name}: {counts.old + counts.new} times; afterwards old image {counts.old}, new image {counts.new}; "
            f"resumed after offset 0: {counts.resumed}; faults: {len(counts.faults)}"
        )
        for line in counts.faults:
            console.print(f"  {line}")
    console.print(f"{time.monotonic() - started_s:.0f} s")
    return any(counts.faults for counts in trials.values())


if __name__ == "__main__":
    sys.exit(main())
