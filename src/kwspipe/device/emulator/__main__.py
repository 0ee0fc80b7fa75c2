"""Command line of the emulated board: python -m kwspipe.device.emulator --firmware kwspipe.elf --flash flash.bin."""

import argparse
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwspipe.device.emulator.peripheral import HardFaultError
from kwspipe.device.emulator.process import require_unicorn
from kwspipe.errors import KwspipeError

if TYPE_CHECKING:
    from kwspipe.device.emulator.board import Board

FAULT_EXIT_STATUS = 3


def emit(event: str, **fields: object) -> None:
    """Prints an event as one line of JSON."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Returns the parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m kwspipe.device.emulator",
        description="Runs the BRD2601B board on an emulated processor with a pseudo-terminal. "
        "Prints one event per line as JSON. The first event, `ready`, contains the port.",
    )
    parser.add_argument("--firmware", type=Path, required=True, help="the linked firmware (kwspipe.elf)")
    parser.add_argument(
        "--flash", type=Path, required=True, help="file of the flash memory, created if it is missing"
    )
    parser.add_argument("--link", type=Path, help="symbolic link to create to the pseudo-terminal")
    parser.add_argument("--wav", type=Path, help="recording that the microphone plays (16 kHz)")
    parser.add_argument(
        "--baud", type=int, default=115200, help="speed of the serial line; 0: free time without delays"
    )
    parser.add_argument(
        "--power-loss-at", type=int, help="let the power fail once, at this flash operation (from 1)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the flash content after a power loss")
    parser.add_argument(
        "--stay-off", action="store_true", help="after the power loss, wait for the command power_cycle"
    )
    parser.add_argument("--crystal-fails", action="store_true", help="the 39 MHz crystal does not start")
    parser.add_argument("--loop-fails", action="store_true", help="the 78 MHz DPLL does not lock")
    parser.add_argument(
        "--control",
        action="store_true",
        help="read commands from standard input, one per line as JSON, and end when it closes",
    )
    return parser.parse_args(arguments)


class Control:
    """Commands from standard input, and end of the process independent of the firmware.

    Threads read standard input and wait for SIGTERM and SIGINT, because Python runs its signal handlers only when the
    CPU emulator returns. The flash file is always up to date, so that an end at any time equals a power cut.

    Args:
        reads_commands: read commands from standard input.

    Attributes:
        descriptor: file descriptor that is readable if a command is pending.
        at_end: called before the process ends.
    """

    def __init__(self, reads_commands: bool) -> None:
        self._commands: queue.Queue[dict[str, object]] = queue.Queue()
        self.descriptor, self._wake_board = os.pipe()
        signals, signal_end = os.pipe()
        os.set_blocking(signal_end, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(signal_end)
        self.at_end = lambda: None
        threading.Thread(target=self._watch_signals, args=(signals,), daemon=True).start()
        if reads_commands:
            threading.Thread(target=self._read_commands, daemon=True).start()

    def _end(self) -> None:
        self.at_end()
        os._exit(0)

    def _watch_signals(self, signals: int) -> None:
        while os.read(signals, 1)[0] not in (signal.SIGTERM, signal.SIGINT):
            pass
        self._end()

    def _read_commands(self) -> None:
        for line in sys.stdin:
            self._commands.put(json.loads(line))
            os.write(self._wake_board, b"!")
        self._end()

    def next_command(self) -> dict[str, object] | None:
        """Returns the next command, or None if there is none."""
        if self._commands.empty():
            return None
        os.read(self.descriptor, 1)
        return self._commands.get()


def run(options: argparse.Namespace) -> None:
    """Runs the board until the process ends."""
    from kwspipe.device.emulator.board import Board, Settings
    from kwspipe.device.emulator.line import Line
    from kwspipe.device.emulator.microphone import read_recording

    recording = read_recording(options.wav) if options.wav else np.zeros(0, np.int16)
    settings = Settings(
        options.firmware, options.flash, recording, options.baud,
        options.power_loss_at, options.seed, options.stay_off, options.crystal_fails, options.loop_fails,
    )  # fmt: skip
    control = Control(options.control)

    def run_commands() -> None:
        try:
            while (command := control.next_command()) is not None:
                run_command(board, command)
        except KwspipeError as error:
            emit("error", message=str(error))

    line = Line(options.link)
    control.at_end = line.remove_link
    try:
        board = Board(settings, line, emit, run_commands, control.descriptor)
        emit("ready", port=line.port, link=str(options.link) if options.link else None, process=os.getpid())
        board.run()
    finally:
        line.close()


def run_command(board: "Board", command: dict[str, object]) -> None:
    """Executes a command of the control interface."""
    from kwspipe.device.emulator.microphone import read_recording

    match command["command"]:
        case "status":
            emit("status", **board.status())
        case "reset":
            board.reset()
        case "power_cycle":
            board.power_on()
        case "power_loss_at":
            board.flash.power_loss_at = board.flash.num_operations + int(str(command["operation"]))
            emit("power_loss_at", operation=board.flash.power_loss_at)
        case "play":
            board.microphone.play(read_recording(Path(str(command["wav"]))))
        case unknown:
            emit("error", message=f"unknown command {unknown!r}")


def main() -> int:
    """Runs the command line and returns the exit status."""
    options = parse_arguments()
    try:
        require_unicorn()
        run(options)
    except HardFaultError as fault:
        emit("fault", reason=str(fault))
        sys.stderr.write(f"The firmware would fail on the chip: {fault}\n")
        return FAULT_EXIT_STATUS
    except KwspipeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
