"""Frames over a port: sending, receiving, sequence numbers and round trip time."""

import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import serial

from kwspipe.device import frames
from kwspipe.device.errors import LinkLostError
from kwspipe.device.messages import RESPONSE, Event, Verb

FIRST_TIMEOUT_S = 1.0  # before the first measured round trip; a full window takes 0.18 s at 115200 baud
MIN_TIMEOUT_S = 0.2  # boards can need this long for an inference and an erase
MAX_TIMEOUT_S = 2.0
MAX_TIMEOUTS = 7  # consecutive timeouts, about 10 s, after which the link is lost


class Port(Protocol):
    """The methods of pyserial's ``Serial`` that the link uses."""

    timeout: float | None

    @property
    def in_waiting(self) -> int:
        """Number of bytes that can be read without waiting."""

    def read(self, size: int = 1, /) -> bytes:
        """Reads up to ``size`` bytes within ``timeout`` seconds."""

    def write(self, data: bytes, /) -> int | None:
        """Sends all of ``data``."""

    def close(self) -> None:
        """Closes the port."""


class Transport:
    """Sends requests, and separates the received frames into responses and events.

    Args:
        port: an open serial port, or an object with its methods.
        where: name of the port, for error messages.
        on_event: called with each EVENT that arrives.

    Attributes:
        num_sent_bytes: encoded bytes sent.
        num_timeouts: number of timeouts.
    """

    def __init__(self, port: Port, where: str, on_event: Callable[[Event], None]) -> None:
        self.where = where
        self.num_sent_bytes = 0
        self.num_timeouts = 0
        self._port = port
        self._on_event = on_event
        self._reader = frames.FrameReader()
        self._responses: deque[frames.Frame] = deque()
        self._sequence = secrets.randbelow(0x10000)  # a late response to an earlier process must not match
        self._round_trip_s: tuple[float, float] | None = None  # mean and mean deviation

    def close(self) -> None:
        """Closes the port."""
        self._port.close()

    def encode(self, verb: Verb, payload: bytes) -> tuple[int, bytes]:
        """Encodes a new request. Returns its sequence number and its bytes."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._sequence, frames.encode(frames.Frame(verb, self._sequence, payload))

    def send(self, encoded: bytes) -> None:
        """Sends a frame.

        Raises:
            LinkLostError: if the port failed.
        """
        try:
            self._port.write(encoded)
        except (serial.SerialException, OSError) as error:
            raise LinkLostError(self.where, f"the port failed while sending: {error}") from error
        self.num_sent_bytes += len(encoded)

    def response(self, timeout_s: float) -> frames.Frame | None:
        """Returns the next response to any request, or None after the timeout.

        Raises:
            LinkLostError: if the port failed.
        """
        deadline_s = time.monotonic() + timeout_s
        while not self._responses:
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                return None
            self.receive(remaining_s)
        return self._responses.popleft()

    def receive(self, timeout_s: float) -> None:
        """Waits for bytes, and separates the frames that they complete into responses and events."""
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

    def update_round_trip(self, round_trip_s: float) -> None:
        """Updates the smoothed round trip time and its deviation with a measurement (RFC 6298)."""
        if self._round_trip_s is None:
            self._round_trip_s = (round_trip_s, round_trip_s / 2)
            return
        mean, deviation = self._round_trip_s
        deviation += (abs(round_trip_s - mean) - deviation) / 4
        self._round_trip_s = (mean + (round_trip_s - mean) / 8, deviation)

    def timeout_s(self, num_timeouts: int) -> float:
        """Returns the timeout after a number of consecutive timeouts. It doubles with each of them."""
        if self._round_trip_s is None:
            first = FIRST_TIMEOUT_S
        else:
            first = max(self._round_trip_s[0] + 4 * self._round_trip_s[1], MIN_TIMEOUT_S)
        return float(min(first * 2**num_timeouts, MAX_TIMEOUT_S))

    def timeout_error(self, verb: Verb) -> LinkLostError:
        """Returns the error to raise after ``MAX_TIMEOUTS``."""
        return LinkLostError(self.where, f"no answer to {verb.name} after {MAX_TIMEOUTS} tries")
