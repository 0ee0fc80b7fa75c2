"""The other end of the serial line: a pseudo-terminal that a host program opens like a port."""

import contextlib
import fcntl
import os
import sys
import termios
import tty
from pathlib import Path

from kwspipe.errors import KwspipeError

# More than any answer: reached only when nobody reads, and then bytes vanish as they would on a wire.
MAX_WAITING_BYTES = 65536


class Line:
    """A pseudo-terminal in raw mode.

    Args:
        link: a symbolic link to make to it, so that the name stays the same over restarts; None for none.

    Raises:
        KwspipeError: this system has no pseudo-terminals, or `link` exists and is no symbolic link.
    """

    def __init__(self, link: Path | None = None) -> None:
        if sys.platform == "win32":
            raise KwspipeError(
                "board.name", "emulated, on Windows", "a system with pseudo-terminals (Linux, macOS, WSL)",
                "run under WSL, or take the board `host`",
            )  # fmt: skip
        # The board's end stays open here too: otherwise reading fails whenever no host has it open.
        self.descriptor, self._far_end = os.openpty()
        tty.setraw(self._far_end, termios.TCSANOW)
        flags = fcntl.fcntl(self.descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self.descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        self.port = os.ttyname(self._far_end)
        self.link = link
        self.num_lost_bytes = 0
        self._waiting = bytearray()
        if link is not None:
            self._make_link(link)

    def _make_link(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise KwspipeError(
                str(link), "an existing file", "a path that is free", "name another path for --link"
            )
        temporary = link.with_name(f".{link.name}.{os.getpid()}")
        temporary.symlink_to(self.port)
        temporary.replace(link)

    def close(self) -> None:
        """Takes the link away, if it still leads here, and closes the line."""
        self.remove_link()
        os.close(self.descriptor)
        os.close(self._far_end)

    def remove_link(self) -> None:
        """Takes the link away, if it still leads here."""
        with contextlib.suppress(OSError):
            if self.link is not None and str(self.link.readlink()) == self.port:
                self.link.unlink()

    def receive(self, max_bytes: int) -> bytes:
        """Returns bytes the host has sent, at most `max_bytes`; empty when there are none."""
        try:
            return os.read(self.descriptor, max_bytes)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> None:
        """Sends bytes to the host, as far as it reads; the rest waits, beyond 64 KiB it is lost."""
        self._waiting += data
        self.num_lost_bytes += max(0, len(self._waiting) - MAX_WAITING_BYTES)
        del self._waiting[MAX_WAITING_BYTES:]
        with contextlib.suppress(BlockingIOError):
            while self._waiting:
                del self._waiting[: os.write(self.descriptor, self._waiting)]

    @property
    def blocked(self) -> bool:
        """Whether bytes wait for the host to read."""
        return bool(self._waiting)
