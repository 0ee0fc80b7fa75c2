"""Time of the emulated board: paced (real time) or free."""

import time

# Longer than any wait of the firmware, whose tick is 10 ms. A longer gap is a delay of this machine.
MAX_GAP_US = 50_000


class Clock:
    """Clock that counts microseconds since power-on.

    Paced time follows the time of this machine: the serial line, the flash and the microphone have the same speed as on
    the board. Free time advances only by waits, flash operations and blocks of audio. Events occur as soon as the
    firmware is ready, and equal inputs result in equal runs.

    Computation takes no time in both modes, because the emulator does not model cycles. If this machine is slow, paced
    time stops, so that the board misses no event.

    Args:
        paced: follow the time of this machine.
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
        """Advances the time by the duration of an operation. Paced time waits for it."""
        if self.paced:
            time.sleep(duration_us / 1e6)
        else:
            self._now_us += duration_us

    def waited(self, duration_us: int) -> None:
        """Advances free time by a wait that has ended. Paced time has advanced already."""
        if not self.paced:
            self._now_us += duration_us
