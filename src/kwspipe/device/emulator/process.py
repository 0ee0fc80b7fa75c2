"""Starting and stopping the emulated board as a process of its own."""

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


def require_unicorn(key: str = "board.name", otherwise: str = "take the board `host`") -> None:
    """Checks that the extra `emulator` is installed.

    Args:
        key: of the configuration, which asks for the emulated board.
        otherwise: what to do without it.

    Raises:
        KwspipeError: it is not.
    """
    if importlib.util.find_spec("unicorn") is None:
        raise KwspipeError(
            key, "the emulated board is asked for, but the package unicorn is not installed",
            "kwspipe with its extra `emulator`", f"pip install kwspipe[emulator], or {otherwise}",
        )  # fmt: skip


class EmulatedBoard(BoardProcess):
    """An emulated BRD2601B in a process of its own; a context manager.

    `port` stays the same over restarts; the flash file keeps what was written.

    Args:
        firmware: the linked firmware, ELF.
        flash_file: file of the flash memory, made where it is missing.
        wav: recording that the microphone plays, 16 kHz.
        baud: speed of the line; 0 for everything without delay.
        power_loss_at: flash operation, counted from 1, in which the power fails once.
        seed: for what a power cut leaves in the flash.
        options: further options of the command line.
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
        self._fresh: queue.Queue[dict[str, object] | None] = queue.Queue()
        self._power_loss = [] if power_loss_at is None else ["--power-loss-at", str(power_loss_at)]
        self._arguments = ["--firmware", str(firmware), "--flash", str(flash_file), "--link", self.port]
        self._arguments += ["--baud", str(baud), "--seed", str(seed), "--control", *options]
        self._arguments += ["--wav", str(wav)] if wav else []

    def start(self) -> None:
        """Starts the process and waits until the port is there.

        Raises:
            KwspipeError: the extra is missing, or the process ended; its own words are in the message.
        """
        require_unicorn()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kwspipe.device.emulator", *self._arguments, *self._power_loss],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._power_loss = []  # a power cut that has happened does not happen again after a restart
        self._fresh = queue.Queue()
        threading.Thread(target=self._collect, args=(self._process, self._fresh), daemon=True).start()
        self.wait_for("ready", START_TIMEOUT_S)

    def close(self) -> None:
        """Ends the process and removes its port."""
        self._end(END_TIMEOUT_S)
        self._folder.cleanup()

    def kill(self) -> None:
        """Kills the process at once: the power is gone, at whatever instruction."""
        self._end()

    def restart(self) -> None:
        """Kills the process and starts it again on the same port and flash."""
        self.kill()
        self.start()

    def power_cycle(self) -> None:
        """Takes the power away and gives it back while the firmware waits; the process lives on."""
        self.command("power_cycle")
        self.wait_for("start")

    def lose_power_at(self, operation: int) -> None:
        """Lets the power fail once, in the n-th flash operation from now."""
        self.command("power_loss_at", operation=operation)
        self.wait_for("power_loss_at")

    def status(self) -> dict[str, object]:
        """Returns counts of the flash, the stack used, the clock, the lights."""
        self.command("status")
        return self.wait_for("status")

    def command(self, name: str, **facts: object) -> None:
        """Sends a command; see the module's command line. Events from before it are not waited for any more."""
        process = self._process
        if process is None or process.stdin is None:
            raise KwspipeError("the emulated board", f"command {name!r}", "a started board", "start it first")
        with contextlib.suppress(queue.Empty):
            while True:
                self._fresh.get_nowait()
        process.stdin.write(json.dumps({"command": name, **facts}) + "\n")
        process.stdin.flush()

    def wait_for(self, event: str, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, object]:
        """Waits for an event that has not been waited for yet, and returns it; earlier ones are passed over.

        Raises:
            KwspipeError: it does not come in time, or the process ends; its own words are in the message.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                found = self._fresh.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                found = {}
            if found and found["event"] == event:
                return found
            if not found:
                said = self._last_words() if found is None else f"no {event!r} within {timeout_s:g} s"
                raise KwspipeError(
                    "the emulated board", said, f"the event {event!r}",
                    "run `python -m kwspipe.device.emulator` by hand to see what it prints",
                )  # fmt: skip

    def _collect(
        self, process: subprocess.Popen[str], fresh: "queue.Queue[dict[str, object] | None]"
    ) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # the pipe was closed under the loop: the board has ended
            for line in process.stdout:
                with contextlib.suppress(json.JSONDecodeError):
                    event = json.loads(line)
                    self.events.append(event)
                    fresh.put(event)
        fresh.put(None)

    def _last_words(self) -> str:
        process = self._process
        if process is None or process.stderr is None:
            return "it was not started"
        process.wait()
        return process.stderr.read().strip() or f"it ended with status {process.returncode}"
