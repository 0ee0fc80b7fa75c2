"""Serial line to the host: a pseudo-terminal that a host program opens like a port."""

import contextlib
import fcntl
import os
import sys
import termios
import tty
from pathlib import Path

from kwspipe.errors import KwspipeError

# Larger than any response. If the host does not read, further bytes are lost, as on a real line.
MAX_PENDING_BYTES = 65536


class Line:
    """A pseudo-terminal in raw mode.

    Args:
        link: symbolic link to create to the pseudo-terminal, a name that does not change over restarts; None for none.

    Attributes:
        descriptor: file descriptor of the board's end.
        port: path of the pseudo-terminal.
        num_lost_bytes: number of bytes that the host did not read.

    Raises:
        KwspipeError: if this system has no pseudo-terminals, or `link` exists and is not a symbolic link.
    """

    def __init__(self, link: Path | None = None) -> None:
        if sys.platform == "win32":
            raise KwspipeError(
                "board.name", "emulated, on Windows", "a system with pseudo-terminals (Linux, macOS, WSL)",
                "run under WSL, or use a connected board (board=brd2601)",
            )  # fmt: skip
        # This process keeps the host's end open too, because reading fails while no process has it open.
        self.descriptor, self._far_end = os.openpty()
        tty.setraw(self._far_end, termios.TCSANOW)
        flags = fcntl.fcntl(self.descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self.descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        self.port = os.ttyname(self._far_end)
        self.link = link
        self.num_lost_bytes = 0
        self._pending = bytearray()
        if link is not None:
            self._make_link(link)

    def _make_link(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise KwspipeError(
                str(link), "an existing file", "a path that does not exist", "use another path for --link"
            )
        temporary = link.with_name(f".{link.name}.{os.getpid()}")
        temporary.symlink_to(self.port)
        temporary.replace(link)

    def close(self) -> None:
        """Removes the link and closes the line."""
        self.remove_link()
        os.close(self.descriptor)
        os.close(self._far_end)

    def remove_link(self) -> None:
        """Removes the link, unless it refers to another pseudo-terminal by now."""
        with contextlib.suppress(OSError):
            if self.link is not None and str(self.link.readlink()) == self.port:
                self.link.unlink()

    def receive(self, max_bytes: int) -> bytes:
        """Returns the bytes that the host has sent, at most `max_bytes`."""
        try:
            return os.read(self.descriptor, max_bytes)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> None:
        """Sends bytes to the host. Up to 64 KiB that the host has not read are kept, further bytes are lost."""
        self._pending += data
        self.num_lost_bytes += max(0, len(self._pending) - MAX_PENDING_BYTES)
        del self._pending[MAX_PENDING_BYTES:]
        with contextlib.suppress(BlockingIOError):
            while self._pending:
                del self._pending[: os.write(self.descriptor, self._pending)]

    @property
    def blocked(self) -> bool:
        """True if there are bytes that the host has not read."""
        return bool(self._pending)
