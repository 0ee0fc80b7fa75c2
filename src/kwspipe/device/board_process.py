"""Base class of boards that run as a process of this machine."""

import contextlib
import subprocess
from abc import ABC, abstractmethod
from typing import Self


class BoardProcess(ABC):
    """A board in its own process. As a context manager it starts and ends the process.

    Attributes:
        port: path of the board's pseudo-terminal.
    """

    def __init__(self, port: str) -> None:
        self.port = port
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abstractmethod
    def start(self) -> None:
        """Starts the process and waits until its port exists."""

    @abstractmethod
    def close(self) -> None:
        """Ends the process. The flash file keeps the data that was written."""

    def _end(self, timeout_s: float = 0.0) -> None:
        """Kills the process, as a power cut does. With a timeout, first requests it to end and waits that long."""
        process, self._process = self._process, None
        if process is None:
            return
        if timeout_s > 0:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout_s)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
