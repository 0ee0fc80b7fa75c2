"""Client of the serial link: one method a request of PROTOCOL.md."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kwspipe.core.status import Status
from kwspipe.device import frames, messages
from kwspipe.device.errors import RefusedError, WrongBoardError
from kwspipe.device.messages import (
    RESPONSE,
    BoardStatus,
    Event,
    FeedKind,
    Hello,
    ImageId,
    Profile,
    Target,
    Verb,
)
from kwspipe.device.transport import MAX_TIMEOUTS, Port, Transport
from kwspipe.device.window import Stream, Window

# What these do takes the board a while: erasing, checking an image, inference.
MIN_WAIT_S = {Verb.BEGIN: 1.0, Verb.END: 3.0, Verb.CONFIRM: 1.0, Verb.PROFILE: 5.0}
DATA_WAIT_S, FEED_WAIT_S = 0.5, 1.0  # gaps are told of at once; this is for silence
FIRST_TEST_WAIT_S, MIN_TEST_WAIT_S = 3.0, 0.3
FEED_SLICE_BYTES = 16384  # about half a second of audio; detections that got lost are asked for after each


class Link:
    """Speaks to one board over one port.

    Args:
        port: an open serial port, or anything that reads and writes like one.
        where: the port's name, for messages.
        on_event: takes the detections, each once and in order.
    """

    def __init__(
        self, port: Port, where: str, on_event: Callable[[Event], None] = lambda event: None
    ) -> None:
        self.transport = Transport(port, where, self._take_event)
        self.window = Window(self.transport, frames.MAX_ENCODED_BYTES)  # until HELLO says more
        self.num_events: int | None = None  # not known yet
        self._test_wait_s = FIRST_TEST_WAIT_S  # until an inference was timed
        self._listeners: list[Callable[[Event], None]] = []

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the port."""
        self.transport.close()

    def hello(self) -> Hello:
        """Asks for the board's identity and limits, and adopts its window.

        Raises:
            LinkLostError: nothing that speaks this protocol answers.
            WrongBoardError: it speaks another version of it.
        """
        payload = self.request(Verb.HELLO, bytes([messages.PROTOCOL_VERSION]))
        if payload[1:2] != bytes([messages.PROTOCOL_VERSION]):
            raise WrongBoardError(
                self.transport.where,
                f"the board's firmware speaks version {payload[1] if len(payload) > 1 else 0} of the protocol",
                f"version {messages.PROTOCOL_VERSION}",
                "flash the firmware of this release, or use the release that matches the firmware",
            )
        hello = Hello.unpack(self._sized(Verb.HELLO, payload, Hello.LAYOUT.size))
        self.window.window_bytes = max(hello.window_bytes, frames.MAX_ENCODED_BYTES)
        return hello

    def status(self) -> BoardStatus:
        """Asks what the board does at the moment."""
        payload = self.request(Verb.STATUS)
        return BoardStatus.unpack(self._sized(Verb.STATUS, payload, BoardStatus.LAYOUT.size))

    def begin(self, image_id: ImageId, restart: bool = False) -> int:
        """Begins or resumes a push; returns the offset in bytes to go on from."""
        flags = messages.BEGIN_RESTART if restart else 0
        payload = self.request(Verb.BEGIN, messages.BEGIN_REQUEST.pack(flags, image_id.pack()))
        _slot, offset = self._unpack(Verb.BEGIN, messages.BEGIN_RESPONSE, payload)
        return offset

    def send_image(self, image: bytes, offset: int, on_progress: Callable[[int], None]) -> None:
        """Sends an image from ``offset`` on."""

        def read_next(payload: bytes) -> int:
            accepted = self._accepted(Verb.DATA, payload)
            return self._unpack(Verb.DATA, messages.DATA_RESPONSE, accepted)[0]

        stream = Stream(Verb.DATA, messages.DATA_REQUEST.pack, image, 4, read_next, DATA_WAIT_S, on_progress)
        self.window.send(stream, offset)

    def end(self) -> None:
        """Has the board verify the image it received."""
        self.request(Verb.END)

    def test(self, target: Target, golden_input: bytes) -> bytes:
        """Runs a golden input; returns the int8 outputs."""

        def head(position: int) -> bytes:
            return messages.TEST_REQUEST.pack(target, position)

        def read_next(payload: bytes) -> int:
            accepted = self._accepted(Verb.TEST, payload)[: messages.TEST_RESPONSE.size]
            return self._unpack(Verb.TEST, messages.TEST_RESPONSE, accepted)[1]

        started_s = time.monotonic()
        payload = self.window.send(
            Stream(Verb.TEST, head, golden_input, 1, read_next, self._test_wait_s, lambda _: None), 0
        )
        took_s = time.monotonic() - started_s  # the sending included: a safe bound for an inference
        self._test_wait_s = max(MIN_TEST_WAIT_S, min(2 * took_s, self._test_wait_s))
        num_outputs, _next = messages.TEST_RESPONSE.unpack_from(payload)
        outputs = self._sized(Verb.TEST, payload, messages.TEST_RESPONSE.size + num_outputs)
        return outputs[messages.TEST_RESPONSE.size :]

    def confirm(self, image_id: ImageId) -> int:
        """Makes the tested image the active one; returns its slot."""
        payload = self.request(Verb.CONFIRM, image_id.sha256)
        return self._unpack(Verb.CONFIRM, messages.CONFIRM_RESPONSE, payload)[0]

    def abort(self) -> None:
        """Ends a push or a test; the board spots with its active image again."""
        self.request(Verb.ABORT)

    def reset(self) -> None:
        """Starts the board again."""
        self.request(Verb.RESET)

    def profile(self) -> Profile:
        """Has the board count what an inference of the active model costs."""
        counts: list[int] = []
        head = messages.PROFILE_RESPONSE
        while True:
            payload = self.request(Verb.PROFILE, messages.PROFILE_REQUEST.pack(len(counts)))
            num_operators, count, inference = self._unpack(Verb.PROFILE, head, payload[: head.size])
            self._sized(Verb.PROFILE, payload, head.size + 4 * count)
            counts += struct.unpack_from(f"<{count}I", payload, head.size)
            if count == 0 or len(counts) >= num_operators:
                return Profile(inference, tuple(counts))

    def start_feed(self, kind: FeedKind) -> None:
        """Has the board listen to what is fed, from a fresh start."""
        payload = self.request(Verb.FEED, messages.FEED_REQUEST.pack(kind, messages.FEED_START, 0))
        _next, self.num_events = self._unpack(Verb.FEED, messages.FEED_RESPONSE, payload)

    def feed(self, kind: FeedKind, data: bytes, unit_bytes: int, on_progress: Callable[[int], None]) -> None:
        """Feeds a whole stream."""

        def head(position: int) -> bytes:
            return messages.FEED_REQUEST.pack(kind, 0, position)

        def read_next(payload: bytes) -> int:
            accepted = self._accepted(Verb.FEED, payload)
            return self._unpack(Verb.FEED, messages.FEED_RESPONSE, accepted)[0]

        slice_bytes = FEED_SLICE_BYTES // unit_bytes * unit_bytes
        whole = memoryview(data)  # an hour of audio is not copied for every slice
        for start in range(0, len(data), slice_bytes):
            part = whole[: start + slice_bytes]
            stream = Stream(Verb.FEED, head, part, unit_bytes, read_next, FEED_WAIT_S, on_progress)
            payload = self.window.send(stream, start)
            if messages.FEED_RESPONSE.unpack(payload)[1] != self.num_events:
                self.fetch_events()

    def stop_feed(self) -> None:
        """Has the board listen to its microphone again."""
        self.request(Verb.FEED, messages.FEED_REQUEST.pack(0, messages.FEED_STOP, 0))

    @contextmanager
    def listen(self) -> Iterator[list[Event]]:
        """Collects the detections that arrive meanwhile, each once and in order."""
        events: list[Event] = []
        self._listeners.append(events.append)
        try:
            yield events
        finally:
            self._listeners.pop()

    def fetch_events(self) -> None:
        """Asks for detections that were announced but did not arrive; the board keeps the last 16."""
        head, size = messages.EVENTS_RESPONSE, Event.LAYOUT.size
        while True:
            payload = self.request(Verb.EVENTS, messages.EVENTS_REQUEST.pack(self.num_events or 0))
            count, total = self._unpack(Verb.EVENTS, head, payload[: head.size])
            self._sized(Verb.EVENTS, payload, head.size + count * size)
            for start in range(head.size, len(payload), size):
                event = Event.unpack(payload[start : start + size])
                self.num_events = max(self.num_events or 0, event.index)
                self._take_event(event)
            if count == 0 or self.num_events == total:
                return

    def request(self, verb: Verb, payload: bytes = b"") -> bytes:
        """Sends a request until its response comes; returns the response's payload.

        A retry has the sequence number of the first try, so that the board carries the request out once.

        Raises:
            LinkLostError: no response to any try.
            RefusedError: the board answered with an error.
        """
        sequence, encoded = self.transport.encode(verb, payload)
        for attempt in range(MAX_TIMEOUTS):
            sent_s = time.monotonic()
            self.transport.send(encoded)
            deadline_s = sent_s + max(self.transport.timeout_s(attempt), MIN_WAIT_S.get(verb, 0.0))
            while (response := self.transport.response(deadline_s - time.monotonic())) is not None:
                if response.sequence == sequence and response.verb == verb | RESPONSE:
                    return self._accepted(verb, response.payload)
            self.transport.num_timeouts += 1
        raise self.transport.timeout_error(verb)

    def _take_event(self, event: Event) -> None:
        if self.num_events in (None, event.index):  # a gap is filled by fetch_events()
            self.num_events = event.index + 1
            for listener in self._listeners:
                listener(event)

    def _accepted(self, verb: Verb, payload: bytes) -> bytes:
        code = int.from_bytes(payload[:1], "little", signed=True)
        if code != Status.OK:
            known = code in {status.value for status in Status}
            raise RefusedError(self.transport.where, verb, Status(code) if known else Status.ERROR_FORMAT)
        return payload

    def _sized(self, verb: Verb, payload: bytes, size: int) -> bytes:
        if len(payload) != size:
            raise WrongBoardError(
                self.transport.where,
                f"the board's response to {verb.name} has {len(payload)} bytes",
                f"{size} bytes",
                "flash the firmware of this release",
            )
        return payload

    def _unpack(self, verb: Verb, layout: struct.Struct, payload: bytes) -> tuple[int, ...]:
        return layout.unpack(self._sized(verb, payload, layout.size))
