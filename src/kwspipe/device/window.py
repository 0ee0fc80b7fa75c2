"""Sliding window for data transfers to the board (go-back-N).

Each piece contains its position. The board accepts a piece only at the expected position, and each response contains
the next expected position. Therefore duplicates and reordered pieces have no effect.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from kwspipe.device.errors import LinkLostError
from kwspipe.device.messages import MAX_DATA_BYTES, RESPONSE, Verb
from kwspipe.device.transport import MAX_TIMEOUTS, Transport

MIN_PIECE_BYTES = 64
FIRST_PIECE_BYTES = 512
MAX_PIECES = 4  # in flight: enough to keep the line busy; more would have to be sent again after a loss
PIECE_OVERHEAD_BYTES = 24  # upper bound of fields and framing
PIECES_UNTIL_LARGER = 32  # consecutive pieces that arrived
MAX_REWINDS = 100  # without progress


@dataclass(frozen=True)
class _Piece:
    sequence: int
    position: int
    encoded_bytes: int
    sent_s: float


@dataclass(frozen=True)
class Stream:
    """Data to transfer, and the format of its requests and responses.

    Attributes:
        verb: DATA, TEST or FEED.
        head: returns the fields in front of the data of a piece, given its position.
        data: all data, from position 0.
        unit_bytes: the size of each piece except the last is a multiple of this.
        read_next: checks the payload of a response and returns the next expected position.
        min_timeout_s: minimum timeout of a piece.
        on_progress: called with the position that the transfer has reached.
    """

    verb: Verb
    head: Callable[[int], bytes]
    data: bytes | memoryview
    unit_bytes: int
    read_next: Callable[[bytes], int]
    min_timeout_s: float
    on_progress: Callable[[int], None]


class Window:
    """Sender that keeps the receive window of a board filled.

    Args:
        transport: the frames over a port.
        window_bytes: maximum number of encoded bytes without a response.

    Attributes:
        num_rewinds: number of times that data were sent again.
    """

    def __init__(self, transport: Transport, window_bytes: int) -> None:
        self.num_rewinds = 0
        self.window_bytes = window_bytes
        self._transport = transport
        self._piece_bytes = FIRST_PIECE_BYTES  # halved after a loss, doubled after a run without loss
        self._num_consecutive = 0  # pieces that arrived since the last loss
        self._num_stalled = 0  # rewinds since the last progress
        self._pieces: deque[_Piece] = deque()  # in flight
        self._abandoned: set[int] = set()  # sequence numbers of pieces that were sent again
        self._next_position = 0  # of the next piece to send

    def send(self, stream: Stream, start: int) -> bytes:
        """Sends a stream from position ``start``. Returns the payload of the last response.

        Raises:
            LinkLostError: if no response arrives.
            RefusedError: if the board answered with an error.
        """
        self._pieces.clear()
        self._abandoned.clear()
        self._num_stalled = 0
        base = self._next_position = start
        num_timeouts, payload = 0, b""
        while base < len(stream.data):
            self._fill(stream)
            timeout_s = max(self._transport.timeout_s(num_timeouts), stream.min_timeout_s)
            response = self._transport.response(timeout_s)
            if response is None:
                num_timeouts += 1
                self._transport.num_timeouts += 1
                if num_timeouts == MAX_TIMEOUTS:
                    raise self._transport.timeout_error(stream.verb)
                self._rewind(base)
                continue
            piece = next((piece for piece in self._pieces if piece.sequence == response.sequence), None)
            is_late = response.sequence in self._abandoned
            if response.verb != stream.verb | RESPONSE or (piece is None and not is_late):
                continue
            num_timeouts = 0
            expected = stream.read_next(response.payload)
            if expected > base:
                base, payload = expected, response.payload
                self._advance(piece, base)
                stream.on_progress(base)
            if piece is not None and expected <= piece.position:
                base = expected
                self._rewind(base)
        return payload

    def _fill(self, stream: Stream) -> None:
        while self._next_position < len(stream.data) and len(self._pieces) < MAX_PIECES:
            end = self._next_position + self._size(stream.unit_bytes)
            data = stream.data[self._next_position : end]
            sequence, encoded = self._transport.encode(stream.verb, stream.head(self._next_position) + data)
            in_flight = sum(piece.encoded_bytes for piece in self._pieces)
            if in_flight and in_flight + len(encoded) > self.window_bytes:
                return
            self._transport.send(encoded)
            self._pieces.append(_Piece(sequence, self._next_position, len(encoded), time.monotonic()))
            self._next_position += len(data)

    def _advance(self, piece: _Piece | None, base: int) -> None:
        if piece is not None:
            self._transport.update_round_trip(time.monotonic() - piece.sent_s)
        self._num_stalled = 0
        while self._pieces and self._pieces[0].position < base:
            self._pieces.popleft()
        self._next_position = max(self._next_position, base)
        self._num_consecutive += 1
        if self._num_consecutive == PIECES_UNTIL_LARGER:
            self._num_consecutive = 0
            self._piece_bytes = min(2 * self._piece_bytes, MAX_DATA_BYTES)

    def _size(self, unit_bytes: int) -> int:
        """Returns the size of the next piece in bytes: a multiple of the unit, so that MAX_PIECES fit the window."""
        available = self.window_bytes // MAX_PIECES - PIECE_OVERHEAD_BYTES
        return max(min(self._piece_bytes, available) // unit_bytes, 1) * unit_bytes

    def _rewind(self, base: int) -> None:
        """Goes back to position ``base`` and sends smaller pieces.

        Raises:
            LinkLostError: if there was no progress in ``MAX_REWINDS`` attempts.
        """
        self._abandoned.update(piece.sequence for piece in self._pieces)
        self._pieces.clear()
        self._next_position = base
        self.num_rewinds += 1
        self._num_stalled += 1
        if self._num_stalled > MAX_REWINDS:
            raise LinkLostError(
                self._transport.where,
                f"all frames are damaged: {MAX_REWINDS} consecutive tries at byte {base}",
            )
        self._num_consecutive = 0
        self._piece_bytes = max(self._piece_bytes // 2, MIN_PIECE_BYTES)
