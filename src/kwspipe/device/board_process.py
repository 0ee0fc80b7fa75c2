"""What the boards that run as processes of this machine have in common."""

import contextlib
import subprocess
from abc import ABC, abstractmethod
from typing import Self


class BoardProcess(ABC):
    """A board in a process of its own; a context manager that starts and ends it.

    Attributes:
        port: path of its pseudo-terminal.
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
        """Starts the process and waits until its port is there."""

    @abstractmethod
    def close(self) -> None:
        """Ends the process; the flash file keeps what was written."""

    def _end(self, grace_s: float = 0.0) -> None:
        """Ends the process: at once, as a power cut does, or after the time it is given to end by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        if grace_s > 0:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
