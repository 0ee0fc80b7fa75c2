"""Sends much data through the board's receive window, going back to what did not arrive (go-back-N).

A piece carries its position. The board takes a piece only at the position it expects and answers each with the
position it expects next, so that a piece may come twice or out of order without harm.
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
MAX_PIECES = 4  # under way: enough to keep the line busy; more would only have to be sent again
PIECE_OVERHEAD_BYTES = 24  # at most: fields, framing
PIECES_UNTIL_LARGER = 32  # that arrived in a row
MAX_REWINDS = 100  # without any progress


@dataclass(frozen=True)
class _Piece:
    sequence: int
    position: int
    encoded_bytes: int
    sent_s: float


@dataclass(frozen=True)
class Stream:
    """What is sent, and how the board's answers are read.

    Attributes:
        verb: DATA, TEST or FEED.
        head: the fields before the data, for a piece at a position.
        data: all of it, from position 0.
        unit_bytes: pieces are whole multiples of this, but for the last.
        read_next: checks a response's payload and returns the position the board expects next.
        min_wait_s: how long a piece may take the board.
        on_progress: called with the position reached.
    """

    verb: Verb
    head: Callable[[int], bytes]
    data: bytes | memoryview
    unit_bytes: int
    read_next: Callable[[bytes], int]
    min_wait_s: float
    on_progress: Callable[[int], None]


class Window:
    """Keeps a board's receive window filled.

    Args:
        transport: the line.
        window_bytes: encoded bytes that may be unanswered.

    Attributes:
        num_rewinds: times it went back so far.
    """

    def __init__(self, transport: Transport, window_bytes: int) -> None:
        self.num_rewinds = 0
        self.window_bytes = window_bytes
        self._transport = transport
        self._piece_bytes = FIRST_PIECE_BYTES  # halved on loss, doubled when all goes well
        self._arrived_in_a_row = 0
        self._stalled = 0
        self._pieces: deque[_Piece] = deque()  # under way
        self._given_up: set[int] = set()  # sequences of pieces that were sent again since
        self._following = 0  # position of the next piece to send

    def send(self, stream: Stream, start: int) -> bytes:
        """Sends a stream from position ``start``; returns the payload of the last response.

        Raises:
            LinkLostError: no response for too long.
            RefusedError: the board answered with an error.
        """
        self._pieces.clear()
        self._given_up.clear()
        self._stalled = 0
        base = self._following = start
        num_timeouts, payload = 0, b""
        while base < len(stream.data):
            self._fill(stream)
            wait_s = max(self._transport.timeout_s(num_timeouts), stream.min_wait_s)
            response = self._transport.response(wait_s)
            if response is None:
                num_timeouts += 1
                self._transport.num_timeouts += 1
                if num_timeouts == MAX_TIMEOUTS:
                    raise self._transport.timeout_error(stream.verb)
                self._rewind(base)
                continue
            piece = next((piece for piece in self._pieces if piece.sequence == response.sequence), None)
            is_late = response.sequence in self._given_up
            if response.verb != stream.verb | RESPONSE or (piece is None and not is_late):
                continue
            num_timeouts = 0
            expected = stream.read_next(response.payload)
            if expected > base:
                base, payload = expected, response.payload
                self._arrived(piece, base)
                stream.on_progress(base)
            if piece is not None and expected <= piece.position:
                base = expected
                self._rewind(base)
        return payload

    def _fill(self, stream: Stream) -> None:
        while self._following < len(stream.data) and len(self._pieces) < MAX_PIECES:
            data = stream.data[self._following : self._following + self._size(stream.unit_bytes)]
            sequence, encoded = self._transport.encode(stream.verb, stream.head(self._following) + data)
            under_way = sum(piece.encoded_bytes for piece in self._pieces)
            if under_way and under_way + len(encoded) > self.window_bytes:
                return
            self._transport.send(encoded)
            self._pieces.append(_Piece(sequence, self._following, len(encoded), time.monotonic()))
            self._following += len(data)

    def _arrived(self, piece: _Piece | None, base: int) -> None:
        if piece is not None:
            self._transport.measure(time.monotonic() - piece.sent_s)
        self._stalled = 0
        while self._pieces and self._pieces[0].position < base:
            self._pieces.popleft()
        self._following = max(self._following, base)
        self._arrived_in_a_row += 1
        if self._arrived_in_a_row == PIECES_UNTIL_LARGER:
            self._arrived_in_a_row = 0
            self._piece_bytes = min(2 * self._piece_bytes, MAX_DATA_BYTES)

    def _size(self, unit_bytes: int) -> int:
        """Bytes of the next piece: as many as fit the window MAX_PIECES times, in whole units."""
        room = self.window_bytes // MAX_PIECES - PIECE_OVERHEAD_BYTES
        return max(min(self._piece_bytes, room) // unit_bytes, 1) * unit_bytes

    def _rewind(self, base: int) -> None:
        self._given_up.update(piece.sequence for piece in self._pieces)
        self._pieces.clear()
        self._following = base
        self.num_rewinds += 1
        self._stalled += 1
        if self._stalled > MAX_REWINDS:
            raise LinkLostError(
                self._transport.where, f"nothing arrives whole: {MAX_REWINDS} tries in a row at byte {base}"
            )
        self._arrived_in_a_row = 0
        self._piece_bytes = max(self._piece_bytes // 2, MIN_PIECE_BYTES)
