"""Client of the serial link: one method per request of docs/specifications/protocol.md."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kwspipe.device import frames, messages
from kwspipe.device.errors import WrongBoardError
from kwspipe.device.messages import BoardStatus, Event, FeedKind, Hello, ImageId, Profile, Target, Verb
from kwspipe.device.request import RequestChannel
from kwspipe.device.transport import Port, Transport
from kwspipe.device.window import Stream, Window

# Minimum timeouts. The board reports a gap in the data immediately, so that a timeout means that nothing arrives.
DATA_TIMEOUT_S, FEED_TIMEOUT_S = 0.5, 1.0
FIRST_TEST_TIMEOUT_S, MIN_TEST_TIMEOUT_S = 3.0, 0.3
FEED_SLICE_BYTES = 16384  # about 0.5 s of audio; lost detections are requested after each slice


class Link(RequestChannel):
    """Connection to one board over one port.

    Args:
        port: an open serial port, or an object with its methods.
        where: name of the port, for error messages.

    Attributes:
        num_events: number of detections received or skipped, None if it is unknown. The next detection has this index.
    """

    def __init__(self, port: Port, where: str) -> None:
        super().__init__(Transport(port, where, self._accept_event))
        self.window = Window(
            self.transport, frames.MAX_ENCODED_BYTES
        )  # HELLO contains the size of the window
        self.num_events: int | None = None
        self._test_timeout_s = FIRST_TEST_TIMEOUT_S
        self._listeners: list[Callable[[Event], None]] = []

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the port."""
        self.transport.close()

    def hello(self) -> Hello:
        """Requests the identity and the limits of the board, and sets the size of the window.

        Raises:
            LinkLostError: if nothing with this protocol answers.
            WrongBoardError: if the board has another version of the protocol.
        """
        payload = self.request(Verb.HELLO, bytes([messages.PROTOCOL_VERSION]))
        if payload[1:2] != bytes([messages.PROTOCOL_VERSION]):
            raise WrongBoardError(
                self.transport.where,
                f"the board's firmware has version {payload[1] if len(payload) > 1 else 0} of the protocol",
                f"version {messages.PROTOCOL_VERSION}",
                "flash the firmware of this release, or use the release that matches the firmware",
            )
        hello = Hello.unpack(self.check_size(Verb.HELLO, payload, Hello.LAYOUT.size))
        self.window.window_bytes = max(hello.window_bytes, frames.MAX_ENCODED_BYTES)
        return hello

    def status(self) -> BoardStatus:
        """Requests the state of the board."""
        payload = self.request(Verb.STATUS)
        return BoardStatus.unpack(self.check_size(Verb.STATUS, payload, BoardStatus.LAYOUT.size))

    def begin(self, image_id: ImageId, restart: bool = False) -> int:
        """Begins or resumes a push. Returns the offset in bytes at which the transfer continues."""
        flags = messages.BEGIN_RESTART if restart else 0
        payload = self.request(Verb.BEGIN, messages.BEGIN_REQUEST.pack(flags, image_id.pack()))
        _slot, offset = self.unpack(Verb.BEGIN, messages.BEGIN_RESPONSE, payload)
        return offset

    def send_image(self, image: bytes, offset: int, on_progress: Callable[[int], None]) -> None:
        """Sends an image from ``offset`` to its end."""

        def read_next(payload: bytes) -> int:
            checked = self.check_status(Verb.DATA, payload)
            return self.unpack(Verb.DATA, messages.DATA_RESPONSE, checked)[0]

        stream = Stream(
            Verb.DATA, messages.DATA_REQUEST.pack, image, 4, read_next, DATA_TIMEOUT_S, on_progress
        )
        self.window.send(stream, offset)

    def end(self) -> None:
        """Requests the verification of the received image."""
        self.request(Verb.END)

    def test(self, target: Target, golden_input: bytes) -> bytes:
        """Runs a golden input on the board. Returns the int8 outputs."""

        def head(position: int) -> bytes:
            return messages.TEST_REQUEST.pack(target, position)

        def read_next(payload: bytes) -> int:
            checked = self.check_status(Verb.TEST, payload)[: messages.TEST_RESPONSE.size]
            return self.unpack(Verb.TEST, messages.TEST_RESPONSE, checked)[1]

        started_s = time.monotonic()
        payload = self.window.send(
            Stream(Verb.TEST, head, golden_input, 1, read_next, self._test_timeout_s, lambda _: None), 0
        )
        duration_s = time.monotonic() - started_s  # an upper bound of the inference: it includes the transfer
        self._test_timeout_s = max(MIN_TEST_TIMEOUT_S, min(2 * duration_s, self._test_timeout_s))
        num_outputs, _next = messages.TEST_RESPONSE.unpack_from(payload)
        outputs = self.check_size(Verb.TEST, payload, messages.TEST_RESPONSE.size + num_outputs)
        return outputs[messages.TEST_RESPONSE.size :]

    def confirm(self, image_id: ImageId) -> int:
        """Activates the tested image. Returns its slot."""
        payload = self.request(Verb.CONFIRM, image_id.sha256)
        return self.unpack(Verb.CONFIRM, messages.CONFIRM_RESPONSE, payload)[0]

    def abort(self) -> None:
        """Ends a push or a test. The board resumes keyword spotting with its active image."""
        self.request(Verb.ABORT)

    def reset(self) -> None:
        """Restarts the board."""
        self.request(Verb.RESET)

    def profile(self) -> Profile:
        """Requests the cost of one inference of the active model."""
        counts: list[int] = []
        head = messages.PROFILE_RESPONSE
        while True:
            payload = self.request(Verb.PROFILE, messages.PROFILE_REQUEST.pack(len(counts)))
            num_operators, count, inference = self.unpack(Verb.PROFILE, head, payload[: head.size])
            self.check_size(Verb.PROFILE, payload, head.size + 4 * count)
            counts += struct.unpack_from(f"<{count}I", payload, head.size)
            if count == 0 or len(counts) >= num_operators:
                return Profile(inference, tuple(counts))

    def start_feed(self, kind: FeedKind) -> None:
        """Switches the input of the board from the microphone to a feed, and resets its detector."""
        payload = self.request(Verb.FEED, messages.FEED_REQUEST.pack(kind, messages.FEED_START, 0))
        _next, self.num_events = self.unpack(Verb.FEED, messages.FEED_RESPONSE, payload)

    def feed(self, kind: FeedKind, data: bytes, unit_bytes: int, on_progress: Callable[[int], None]) -> None:
        """Feeds a stream to the board."""

        def head(position: int) -> bytes:
            return messages.FEED_REQUEST.pack(kind, 0, position)

        def read_next(payload: bytes) -> int:
            checked = self.check_status(Verb.FEED, payload)
            return self.unpack(Verb.FEED, messages.FEED_RESPONSE, checked)[0]

        slice_bytes = FEED_SLICE_BYTES // unit_bytes * unit_bytes
        view = memoryview(data)  # avoids a copy of a long recording for each slice
        for start in range(0, len(data), slice_bytes):
            part = view[: start + slice_bytes]
            stream = Stream(Verb.FEED, head, part, unit_bytes, read_next, FEED_TIMEOUT_S, on_progress)
            payload = self.window.send(stream, start)
            if messages.FEED_RESPONSE.unpack(payload)[1] != self.num_events:
                self.fetch_events()

    def stop_feed(self) -> None:
        """Switches the input of the board back to its microphone."""
        self.request(Verb.FEED, messages.FEED_REQUEST.pack(0, messages.FEED_STOP, 0))

    @contextmanager
    def collect_events(self) -> Iterator[list[Event]]:
        """Collects the detections that arrive within the context, each one once and in order."""
        events: list[Event] = []
        self._listeners.append(events.append)
        try:
            yield events
        finally:
            self._listeners.pop()

    def fetch_events(self) -> None:
        """Requests detections that the board sent but that did not arrive. The board keeps the last 16."""
        head, size = messages.EVENTS_RESPONSE, Event.LAYOUT.size
        while True:
            payload = self.request(Verb.EVENTS, messages.EVENTS_REQUEST.pack(self.num_events or 0))
            count, total = self.unpack(Verb.EVENTS, head, payload[: head.size])
            self.check_size(Verb.EVENTS, payload, head.size + count * size)
            for start in range(head.size, len(payload), size):
                event = Event.unpack(payload[start : start + size])
                self.num_events = max(self.num_events or 0, event.index)
                self._accept_event(event)
            if count == 0 or self.num_events == total:
                return

    def _accept_event(self, event: Event) -> None:
        if self.num_events in (None, event.index):  # fetch_events() closes a gap
            self.num_events = event.index + 1
            for listener in self._listeners:
                listener(event)
