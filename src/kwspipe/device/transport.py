"""Frames over a port: sending, receiving, sequence numbers and the round trip time."""

import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import serial

from kwspipe.device import frames
from kwspipe.device.errors import LinkLostError
from kwspipe.device.messages import RESPONSE, Event, Verb

FIRST_TIMEOUT_S = 1.0  # before a round trip was measured; a full window takes 0.18 s at 115200 baud
MIN_TIMEOUT_S = 0.2  # boards pause this long for an inference and an erase
MAX_TIMEOUT_S = 2.0
MAX_TIMEOUTS = 7  # in a row, about 10 s: then the link is lost


class Port(Protocol):
    """What the link needs of pyserial's ``Serial``."""

    timeout: float | None

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""

    def read(self, size: int = 1, /) -> bytes:
        """Reads up to ``size`` bytes, waiting up to ``timeout`` seconds."""

    def write(self, data: bytes, /) -> int | None:
        """Sends all of ``data``."""

    def close(self) -> None:
        """Closes the port."""


class Transport:
    """Sends requests and sorts what comes back into responses and events.

    Args:
        port: an open serial port, or anything that reads and writes like one.
        where: the port's name, for messages.
        on_event: takes each EVENT that arrives.

    Attributes:
        num_sent_bytes: encoded bytes sent.
        num_timeouts: responses waited for in vain.
    """

    def __init__(self, port: Port, where: str, on_event: Callable[[Event], None]) -> None:
        self.where = where
        self.num_sent_bytes = 0
        self.num_timeouts = 0
        self._port = port
        self._on_event = on_event
        self._reader = frames.FrameReader()
        self._responses: deque[frames.Frame] = deque()
        self._sequence = secrets.randbelow(0x10000)  # a late response to an earlier process must not fit
        self._round_trip_s: tuple[float, float] | None = None  # mean and deviation

    def close(self) -> None:
        """Closes the port."""
        self._port.close()

    def encode(self, verb: Verb, payload: bytes) -> tuple[int, bytes]:
        """Frames a new request; returns its sequence number and its bytes."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence, frames.encode(frames.Frame(verb, self._sequence, payload))

    def send(self, encoded: bytes) -> None:
        """Sends a frame.

        Raises:
            LinkLostError: the port is gone.
        """
        try:
            self._port.write(encoded)
        except (serial.SerialException, OSError) as error:
            raise LinkLostError(self.where, f"the port failed while sending: {error}") from error
        self.num_sent_bytes += len(encoded)

    def response(self, timeout_s: float) -> frames.Frame | None:
        """The next response, to whatever request; None after the time.

        Raises:
            LinkLostError: the port is gone.
        """
        deadline_s = time.monotonic() + timeout_s
        while not self._responses:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return None
            self.receive(left_s)
        return self._responses.popleft()

    def receive(self, timeout_s: float) -> None:
        """Waits for bytes and sorts the frames they complete."""
        try:
            self._port.timeout = timeout_s
            received = self._port.read(1)
            if received and self._port.in_waiting:
                received += self._port.read(self._port.in_waiting)
        except (serial.SerialException, OSError) as error:
            raise LinkLostError(self.where, f"the port failed while receiving: {error}") from error
        for frame in self._reader.feed(received):
            if frame.verb == Verb.EVENT and len(frame.payload) == Event.LAYOUT.size:
                self._on_event(Event.unpack(frame.payload))
            elif frame.verb & RESPONSE and frame.payload:
                self._responses.append(frame)

    def measure(self, round_trip_s: float) -> None:
        """Takes a round trip time into the smoothed one (RFC 6298)."""
        if self._round_trip_s is None:
            self._round_trip_s = (round_trip_s, round_trip_s / 2)
            return
        mean, deviation = self._round_trip_s
        deviation += (abs(round_trip_s - mean) - deviation) / 4
        self._round_trip_s = (mean + (round_trip_s - mean) / 8, deviation)

    def timeout_s(self, num_before: int) -> float:
        """How long to wait after so many timeouts in a row: twice as long each time."""
        if self._round_trip_s is None:
            first = FIRST_TIMEOUT_S
        else:
            first = max(self._round_trip_s[0] + 4 * self._round_trip_s[1], MIN_TIMEOUT_S)
        return float(min(first * 2**num_before, MAX_TIMEOUT_S))

    def timeout_error(self, verb: Verb) -> LinkLostError:
        """The error to raise after ``MAX_TIMEOUTS``."""
        return LinkLostError(self.where, f"no answer to {verb.name} after {MAX_TIMEOUTS} tries")
