"""The board ``host``: the firmware's application as a native process behind a pseudo-terminal."""

import subprocess
from pathlib import Path

from kwspipe.device.board_process import BoardProcess
from kwspipe.errors import KwspipeError

POWER_CUT = 3  # exit status when --cut-at was reached
END_TIMEOUT_S = 2.0


class HostBoard(BoardProcess):
    """A native board in a process of its own; a context manager.

    Args:
        firmware: the program, ``firmware/build/host/kwspipe``.
        flash_file: file of the flash memory; made where it is missing, kept from one start to the next.
        baud: the line carries no more than this; None for no limit.
        cut_at: flash operation, counted from 0, at which the power fails.
        version: text in place of the firmware's own version.

    Attributes:
        port: path of its pseudo-terminal, another after each start.
    """

    def __init__(
        self,
        firmware: Path,
        flash_file: Path,
        *,
        baud: int | None = None,
        cut_at: int | None = None,
        version: str | None = None,
    ) -> None:
        super().__init__("")
        self._firmware = firmware
        self._arguments = ["--flash", str(flash_file), "--pty"]
        for name, value in (("--baud", baud), ("--cut-at", cut_at), ("--version", version)):
            self._arguments += [] if value is None else [name, str(value)]

    def start(self) -> None:
        """Starts the process and waits until its port is there.

        Raises:
            KwspipeError: the program is missing or cannot start.
        """
        if not self._firmware.is_file():
            raise KwspipeError(
                str(self._firmware),
                "the firmware of the board host is not built",
                "a program built from this checkout",
                "make firmware BOARD=host",
            )
        command = [str(self._firmware.resolve()), *self._arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        first = self._process.stdout.readline().split()
        if len(first) != 2:
            self._process.wait()
            said = self._process.stderr.read().strip()
            self.close()
            raise KwspipeError(
                str(self._firmware),
                f"it does not start: {said or 'it printed no port'}",
                "a system with pseudo-terminals (Linux, macOS)",
                "build it again with make firmware BOARD=host, or use another flash file",
            )
        self.port = first[1]

    def close(self) -> None:
        """Kills the process, as a power cut does; the flash file keeps what was written."""
        self._end()

    def wait(self, timeout_s: float = END_TIMEOUT_S) -> int:
        """Waits for the process to end; returns its exit status, ``POWER_CUT`` after a cut."""
        if self._process is None:
            raise KwspipeError("the board host", "it is not running", "a board that was started", "start it")
        return self._process.wait(timeout_s)
