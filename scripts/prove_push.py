"""Kills a push at every percent, and cuts the power at every flash operation, and counts what comes of it.

    python scripts/prove_push.py --board host --old a.kws --new b.kws
    python scripts/prove_push.py --board emulated --old a.kws --new b.kws --every-operation 4

After each failure the board is started again and must have the old image or the new one, whole and working; then the
push goes on, and must end with the new one. Prints what was seen and ends with 0 where that held every time.
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
    """What was seen after the failures."""

    old: int = 0
    new: int = 0
    resumed: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Model:
    """An image with golden inputs."""

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
    """Boards that start from one flash file, which holds the old image."""

    def __init__(self, name: str, old: Model, new: Model, folder: Path) -> None:
        self.name, self.old, self.new = name, old, new
        self.flash, self.saved = folder / "flash.bin", folder / "saved.bin"
        self.program = firmware.build("host" if name == "host" else "brd2601").program
        with self.board() as board:
            self.push(board, old)
        shutil.copy(self.flash, self.saved)

    @contextmanager
    def board(self, fresh: bool = False, cut_at: int | None = None) -> Iterator[Board]:
        """A started board; with the saved flash where `fresh`."""
        if fresh:
            shutil.copy(self.saved, self.flash)
        if self.name == "host":
            started: Board = HostBoard(self.program, self.flash, cut_at=cut_at)
        else:
            at = None if cut_at is None else cut_at + 1  # the emulated board counts from 1
            started = EmulatedBoard(self.program, self.flash, baud=0, power_loss_at=at)
        with started as board:
            yield board

    def push(self, board: Board, model: Model, watcher: PushCallbacks = PushCallbacks()) -> int:  # noqa: B008
        """Pushes; returns the offset the push went on from."""

        def connect() -> Link:
            return open_link(board.port)

        memory_bytes = ImageRequirements.of(model.image).memory_bytes
        return push(connect, model.image, memory_bytes, model.golden, watcher, _no_retry).resumed_from

    def check(self, case: str, board: Board, counts: Counts) -> None:
        """The board has an image that works; then the push goes on to its end."""
        with open_link(board.port) as link:
            link.hello()
            active = link.status().active
            models = {ImageId.of(model.image): model for model in (self.old, self.new)}
            if active not in models:
                counts.wrong.append(f"{case}: active is {active}")
                return
            model = models[active]
            counts.new += model is self.new
            counts.old += model is self.old
            golden = model.golden
            for values, expected in zip(golden.inputs, golden.outputs, strict=True):
                if link.test(Target.ACTIVE, values.tobytes()) != expected.tobytes():
                    counts.wrong.append(f"{case}: the active image computes something else")
            link.abort()
        try:
            counts.resumed += self.push(board, self.new) > 0
        except DeviceError as error:
            counts.wrong.append(f"{case}: the push does not go on: {error}")


class _StoppedError(Exception):
    """Takes the place of waiting for a lost link."""


def _no_retry(_seconds: float) -> None:
    raise _StoppedError


def kill_at_percents(bench: Bench, step: int, console: Console) -> Counts:
    """Kills the board, and with it the link, at every `step` percent of a push."""
    counts = Counts()
    for percent in track(range(0, 100, step), "killing", console=console):
        with bench.board(fresh=True) as board:

            def kill(done: int, total: int, percent: int = percent, board: Board = board) -> None:
                if done * 100 >= percent * total:
                    board.close() if isinstance(board, HostBoard) else board.kill()

            try:
                bench.push(board, bench.new, PushCallbacks(on_sent=kill))
                counts.wrong.append(f"{percent} %: the push did not notice that the board was killed")
            except (LinkLostError, _StoppedError):
                pass
            board.start()
            bench.check(f"{percent} %", board, counts)
    return counts


def cut_at_operations(bench: Bench, step: int, total: int, console: Console) -> Counts:
    """Cuts the power at every `step`-th flash operation of a push, at the first 60 and the last 60 at every one."""
    counts = Counts()
    cuts = sorted({*range(min(60, total)), *range(0, total, step), *range(max(0, total - 60), total)})
    for cut in track(cuts, "cutting", console=console):
        with bench.board(fresh=True, cut_at=cut) as board:
            try:
                bench.push(board, bench.new)
                # The emulated board starts again by itself, and a push may go on without any pause.
                if isinstance(board, HostBoard):
                    counts.wrong.append(f"operation {cut}: no power cut")
            except (DeviceError, _StoppedError):
                pass
            if isinstance(board, HostBoard):
                board.close()
        with bench.board() as board:
            bench.check(f"operation {cut}", board, counts)
    return counts


def count_operations(bench: Bench) -> int:
    """Flash operations of a whole push: words on the host board, calls on the emulated one."""
    with bench.board(fresh=True) as board:
        if isinstance(board, EmulatedBoard):
            before = board.status()["flash"]["operations"]  # type: ignore[index]
            bench.push(board, bench.new)
            return int(board.status()["flash"]["operations"]) - int(before)  # type: ignore[index]
        bench.push(board, bench.new)
    low, high = 0, 1 << 20
    while low < high:  # the first operation at which nothing is cut any more
        middle = (low + high) // 2
        with bench.board(fresh=True, cut_at=middle) as board:
            try:
                bench.push(board, bench.new)
                high = middle
            except (DeviceError, _StoppedError):
                low = middle + 1
    return low


def main() -> int:
    """Runs both trials; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", choices=["host", "emulated"], default="host")
    parser.add_argument("--old", type=Path, required=True, help="image the board has at first")
    parser.add_argument("--new", type=Path, required=True, help="image that is pushed")
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
            f"{name}: {counts.old + counts.new} times; then the old image {counts.old}, the new one {counts.new}; "
            f"resumed behind 0 {counts.resumed} times; wrong {len(counts.wrong)}"
        )
        for line in counts.wrong:
            console.print(f"  {line}")
    console.print(f"{time.monotonic() - started_s:.0f} s")
    return any(counts.wrong for counts in trials.values())


if __name__ == "__main__":
    sys.exit(main())
