"""Start, control and end of the emulated board, which runs in its own process."""

import contextlib
import importlib.util
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from kwspipe.device.board_process import BoardProcess
from kwspipe.errors import KwspipeError

START_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 10.0
END_TIMEOUT_S = 2.0


def require_unicorn(key: str = "board.name", alternative: str = "use board=host") -> None:
    """Checks that the extra `emulator` is installed.

    Args:
        key: the configuration key that selects the emulated board.
        alternative: the remedy without the extra.

    Raises:
        KwspipeError: if the extra is not installed.
    """
    if importlib.util.find_spec("unicorn") is None:
        raise KwspipeError(
            key, "the emulated board needs the package unicorn, which is not installed",
            "kwspipe with its extra `emulator`",
            f"make setup (in a checkout), or pip install 'kwspipe[emulator]', or {alternative}",
        )  # fmt: skip


class EmulatedBoard(BoardProcess):
    """An emulated BRD2601B in its own process.

    The port keeps its name over restarts, and the flash file keeps its content.

    Args:
        firmware: the linked firmware, ELF.
        flash_file: file of the flash memory, created if it is missing.
        wav: recording that the microphone plays, 16 kHz.
        baud: speed of the serial line; 0 for free time without delays.
        power_loss_at: flash operation, counted from 1, at which the power fails once.
        seed: seed of the flash content after a power cut.
        options: further options of the command line.

    Attributes:
        events: all events that the process reported.
    """

    def __init__(
        self,
        firmware: Path,
        flash_file: Path,
        *,
        wav: Path | None = None,
        baud: int = 115200,
        power_loss_at: int | None = None,
        seed: int = 0,
        options: tuple[str, ...] = (),
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kwspipe-")
        super().__init__(str(Path(self._folder.name) / "port"))
        self.events: list[dict[str, object]] = []
        self._unread: queue.Queue[dict[str, object] | None] = queue.Queue()
        self._power_loss = [] if power_loss_at is None else ["--power-loss-at", str(power_loss_at)]
        self._arguments = ["--firmware", str(firmware), "--flash", str(flash_file), "--link", self.port]
        self._arguments += ["--baud", str(baud), "--seed", str(seed), "--control", *options]
        self._arguments += ["--wav", str(wav)] if wav else []

    def start(self) -> None:
        """Starts the process and waits until its port exists.

        Raises:
            KwspipeError: if the extra is missing, or the process ended. The message contains its error output.
        """
        require_unicorn()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kwspipe.device.emulator", *self._arguments, *self._power_loss],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._power_loss = []  # the power fails once only, also over restarts
        self._unread = queue.Queue()
        threading.Thread(target=self._collect, args=(self._process, self._unread), daemon=True).start()
        self.wait_for("ready", START_TIMEOUT_S)

    def close(self) -> None:
        """Ends the process and removes its port."""
        self._end(END_TIMEOUT_S)
        self._folder.cleanup()

    def kill(self) -> None:
        """Kills the process, as a power cut at any instruction does."""
        self._end()

    def restart(self) -> None:
        """Kills the process and starts it again with the same port and flash."""
        self.kill()
        self.start()

    def power_cycle(self) -> None:
        """Switches the power of the board off and on while the firmware waits. The process continues."""
        self.command("power_cycle")
        self.wait_for("start")

    def lose_power_at(self, operation: int) -> None:
        """Schedules one power failure at the n-th flash operation from now."""
        self.command("power_loss_at", operation=operation)
        self.wait_for("power_loss_at")

    def status(self) -> dict[str, object]:
        """Returns the counters of the flash, the stack used, the core frequency and the states of the LEDs."""
        self.command("status")
        return self.wait_for("status")

    def command(self, name: str, **fields: object) -> None:
        """Sends a command (see ``__main__``), and discards the events that ``wait_for`` has not returned."""
        process = self._process
        if process is None or process.stdin is None:
            raise KwspipeError("the emulated board", f"command {name!r}", "a started board", "start it first")
        with contextlib.suppress(queue.Empty):
            while True:
                self._unread.get_nowait()
        process.stdin.write(json.dumps({"command": name, **fields}) + "\n")
        process.stdin.flush()

    def wait_for(self, event: str, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, object]:
        """Waits for the next event with the given name and returns it. Events before it are skipped.

        Raises:
            KwspipeError: if the event does not arrive in time, or the process ends. The message contains its error
                output.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                received = self._unread.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                received = {}
            if received and received["event"] == event:
                return received
            if not received:
                reason = self._error_output() if received is None else f"no {event!r} within {timeout_s:g} s"
                raise KwspipeError(
                    "the emulated board", reason, f"the event {event!r}",
                    "run `python -m kwspipe.device.emulator` by hand and read its output",
                )  # fmt: skip

    def _collect(
        self, process: subprocess.Popen[str], unread: "queue.Queue[dict[str, object] | None]"
    ) -> None:
        """Reads the events of the process. None in the queue means that the process has ended."""
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # _end() closed the pipe
            for line in process.stdout:
                with contextlib.suppress(json.JSONDecodeError):
                    event = json.loads(line)
                    self.events.append(event)
                    unread.put(event)
        unread.put(None)

    def _error_output(self) -> str:
        process = self._process
        if process is None or process.stderr is None:
            return "it was not started"
        process.wait()
        return process.stderr.read().strip() or f"it ended with status {process.returncode}"
