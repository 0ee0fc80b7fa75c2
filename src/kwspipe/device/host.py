"""The board ``host``: the application of the firmware as a native process with a pseudo-terminal."""

import subprocess
from pathlib import Path

from kwspipe.device.board_process import BoardProcess
from kwspipe.errors import KwspipeError

POWER_CUT = 3  # exit status after the operation of --cut-at
END_TIMEOUT_S = 2.0


class HostBoard(BoardProcess):
    """A native board in its own process.

    Args:
        firmware: the program, ``firmware/build/host/kwspipe``.
        flash_file: file of the flash memory. It is created if it is missing, and keeps its content over restarts.
        baud: speed limit of the serial line, None for no limit.
        cut_at: index of the flash operation, from 0, at which the power fails.
        version: version to report in place of the version of the firmware.

    Attributes:
        port: path of the pseudo-terminal. It changes with each start.
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
        """Starts the process and waits until its port exists.

        Raises:
            KwspipeError: if the program is missing or cannot start.
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
        first_line = self._process.stdout.readline().split()
        if len(first_line) != 2:
            self._process.wait()
            output = self._process.stderr.read().strip()
            self.close()
            raise KwspipeError(
                str(self._firmware),
                f"it does not start: {output or 'it printed no port'}",
                "a system with pseudo-terminals (Linux, macOS)",
                "build it again with make firmware BOARD=host, or use another flash file",
            )
        self.port = first_line[1]

    def close(self) -> None:
        """Kills the process, as a power cut does. The flash file keeps the data that was written."""
        self._end()

    def wait(self, timeout_s: float = END_TIMEOUT_S) -> int:
        """Waits until the process ends, and returns its exit status. It is ``POWER_CUT`` after a power cut."""
        if self._process is None:
            raise KwspipeError("the board host", "it is not running", "a board that was started", "start it")
        return self._process.wait(timeout_s)
