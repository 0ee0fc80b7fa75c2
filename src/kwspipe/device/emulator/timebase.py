"""The emulated board's time."""

import time

# Longer than any wait of the firmware (its tick is 10 ms): a longer gap is the host's own delay.
MAX_GAP_US = 50_000


class Clock:
    """Microseconds since power-on.

    Paced, it is the host's time: the serial line, the flash and the microphone take as long as on the board.
    Free, it moves only as far as something takes time (waiting, erasing, a block of audio played): everything
    happens as soon as the firmware is ready for it, and equal inputs give equal runs.

    In neither case does computing take time: this emulator knows nothing of cycles. A host that is late, or slow
    at computing, makes the board miss nothing: paced time then stands still.
    """

    def __init__(self, paced: bool) -> None:
        self.paced = paced
        self._now_us = 0
        self._last_ns = time.monotonic_ns()

    def now_us(self) -> int:
        """Returns the time."""
        if self.paced:
            passed_us = (time.monotonic_ns() - self._last_ns) // 1000
            self._last_ns += passed_us * 1000
            self._now_us += min(passed_us, MAX_GAP_US)
        return self._now_us

    def advance(self, duration_us: int) -> None:
        """Lets time pass for something that takes it; where time is the host's, waits."""
        if self.paced:
            time.sleep(duration_us / 1e6)
        else:
            self._now_us += duration_us

    def waited(self, duration_us: int) -> None:
        """Says that the host has waited; paced time has passed by itself."""
        if not self.paced:
            self._now_us += duration_us
