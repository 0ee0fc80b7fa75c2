"""Board for tests: slots and link of the C core with a flash model, and a serial line with faults."""

import random

import numpy as np
from kwspipe._core import ffi, lib

from support.flash_model import FlashModel

IMAGE_MARK = b"KWSi"
INPUT_BYTES = 700
NUM_OUTPUTS = 5
ARENA_BYTES = 60 * 1024
IMAGE_VERSION = 1
BYTES_PER_EVENT = 1000  # number of fed bytes after which this board detects a word


def compute(image: bytes, golden_input: bytes) -> bytes:
    """Returns the outputs of the board's model. They depend on all bytes of the image and of the input."""
    rows = np.frombuffer(golden_input, np.int8).reshape(NUM_OUTPUTS, -1).astype(np.int64)
    return (rows.sum(axis=1) + sum(image)).astype(np.int8).tobytes()


class Board:
    """A board that can be restarted.

    Attributes:
        num_starts: number of starts.
        fed_bytes: data of the current feed.
        is_spotting: the active image is running.
    """

    def __init__(self, flash: FlashModel) -> None:
        self.flash = flash
        self.num_starts = 0
        self.fed_bytes = b""
        self.is_spotting = True
        self.slots = ffi.new("kws_slots_t *")
        self.link = ffi.new("kws_link_t *")
        self._texts = [ffi.new("char[]", text) for text in (b"model", b"0.0-test", b"cycles")]
        self._check = ffi.callback("int(void *, uint8_t *, uint32_t)", self._on_check)
        self._app = self._make_app()
        self.start()

    def start(self) -> None:
        """Switches the power on."""
        self.flash.power_on()
        self.num_starts += 1
        self.is_spotting = True
        board, firmware, cycles = self._texts
        identity = ffi.new(
            "kws_link_identity_t *", (board, firmware, cycles, 2048, ARENA_BYTES, IMAGE_VERSION)
        )
        assert lib.kws_slots_open(self.slots, self.flash.interface, self._check, ffi.NULL) == 0
        assert lib.kws_link_open(self.link, self.slots, self._app, identity) == 0

    def exchange(self, received: bytes) -> bytes:
        """Receives bytes and returns the bytes that the board sends."""
        if self.flash.is_off:
            return b""
        sent = b""
        pending = ffi.new("uint8_t **")
        while True:
            taken = lib.kws_link_receive(self.link, received, len(received))
            received = received[taken:]
            if self.flash.is_off:
                return b""
            size = lib.kws_link_pending(self.link, pending)
            if size:
                sent += bytes(ffi.buffer(pending[0], size))
                lib.kws_link_sent(self.link, size)
            elif not received:
                return sent

    def active_image(self) -> bytes | None:
        """Returns the active image."""
        return (
            self.image(self.slots.active, self.slots.active_id.size_bytes) if self.slots.active >= 0 else None
        )

    def image(self, slot: int, size: int) -> bytes:
        """Returns the image in a slot."""
        return bytes(ffi.buffer(lib.kws_slots_image(self.slots, slot), size))

    def detect(self, time_ms: int, label: bytes) -> None:
        """Posts a detection."""
        event = ffi.new("kws_event_t *", {"time_ms": time_ms, "label_index": 2, "score": 201, "label": label})
        lib.kws_link_post(self.link, event)

    def _make_app(self) -> object:
        functions = {
            "test_open": ("int32_t(void *, int32_t)", self._on_test_open),
            "test_input": ("int32_t(void *, uint32_t, uint8_t *, uint32_t)", self._on_test_input),
            "test_run": ("int32_t(void *, int8_t *, uint32_t)", self._on_test_run),
            "profile": ("int32_t(void *, uint32_t, uint32_t *, uint32_t, uint32_t *)", self._on_profile),
            "feed_start": ("int32_t(void *, kws_feed_kind_t)", self._on_feed_start),
            "feed_stop": ("int32_t(void *)", lambda _: 0),
            "feed": ("int32_t(void *, kws_feed_kind_t, uint8_t *, uint32_t)", self._on_feed),
            "model_changed": ("void(void *)", self._on_model_changed),
            "activity": ("void(void *, kws_link_activity_t *)", self._on_activity),
            "reset": ("void(void *)", lambda _: None),
        }
        self._callbacks = {name: ffi.callback(*entry) for name, entry in functions.items()}
        return ffi.new("kws_link_app_t *", self._callbacks)

    def _on_check(self, _context: object, image: object, size: int) -> int:
        return 0 if bytes(ffi.buffer(image, min(size, 4))) == IMAGE_MARK else lib.KWS_ERROR_FORMAT

    def _on_test_open(self, _context: object, slot: int) -> int:
        self.is_spotting = False
        size = (
            self.slots.active_id.size_bytes if slot == self.slots.active else self.slots.target_id.size_bytes
        )
        self._tested, self._input = self.image(slot, size), bytearray(INPUT_BYTES)
        return INPUT_BYTES

    def _on_test_input(self, _context: object, position: int, data: object, size: int) -> int:
        self._input[position : position + size] = bytes(ffi.buffer(data, size))
        return 0

    def _on_test_run(self, _context: object, outputs: object, _room: int) -> int:
        ffi.memmove(outputs, compute(self._tested, bytes(self._input)), NUM_OUTPUTS)
        return NUM_OUTPUTS

    def _on_profile(self, _context: object, first: int, counts: object, room: int, inference: object) -> int:
        for index in range(first, min(first + room, 300)):
            counts[index - first] = 1000 + index
        inference[0] = 123456
        return 300

    def _on_feed_start(self, _context: object, kind: int) -> int:
        self.fed_bytes = b""
        return 0

    def _on_feed(self, _context: object, kind: int, data: object, size: int) -> int:
        first = len(self.fed_bytes) // BYTES_PER_EVENT
        self.fed_bytes += bytes(ffi.buffer(data, size))
        for number in range(first, len(self.fed_bytes) // BYTES_PER_EVENT):
            self.detect(number, b"word%d" % number)
        return 0

    def _on_model_changed(self, _context: object) -> None:
        self.is_spotting = True

    def _on_activity(self, _context: object, activity: object) -> None:
        activity.source, activity.uptime_ms, activity.num_inferences = 1, 99, 7


class VirtualTime:
    """Replacement of the time module that does not wait."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        """Returns the virtual time."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Advances the virtual time."""
        self.now_s += seconds


class LoopbackPort:
    """A serial line of 115200 baud to a :class:`Board`, without a process and without waiting.

    Args:
        board: the other end.
        time: virtual time, which advances with each byte.
        byte_error_rate: probability that a byte is changed, in both directions.
        lose_after: number of sent bytes after which the line is interrupted.
    """

    def __init__(
        self,
        board: Board,
        time: VirtualTime,
        byte_error_rate: float = 0.0,
        lose_after: int | None = None,
        seed: int = 0,
    ) -> None:
        self.timeout: float | None = None
        self.num_sent = 0
        self.sent = b""
        self.is_closed = False
        self._board = board
        self._time = time
        self._byte_error_rate = byte_error_rate
        self._lose_after = lose_after
        self._random = random.Random(seed)
        self._received = bytearray()

    @property
    def in_waiting(self) -> int:
        """Number of received bytes."""
        return len(self._received)

    def write(self, data: bytes, /) -> int:
        """Sends bytes to the board and receives its response."""
        self._time.now_s += len(data) * 10 / 115200
        if self._lose_after is not None:
            data = data[: max(0, self._lose_after - self.num_sent)]
        self.num_sent += len(data)
        response = self._board.exchange(self._damage(data))
        self._received += self._damage(response)
        return len(data)

    def read(self, size: int = 1, /) -> bytes:
        """Reads received bytes, or advances the time by the timeout."""
        if not self._received:
            self._received += self._damage(self._board.exchange(b""))
        if not self._received:
            self._time.now_s += self.timeout or 0.0
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def close(self) -> None:
        """Closes the port."""
        self.is_closed = True

    def _damage(self, data: bytes) -> bytes:
        if not self._byte_error_rate:
            return data
        damaged = bytearray(data)
        for index in range(len(damaged)):
            if self._random.random() < self._byte_error_rate:
                damaged[index] = self._random.randrange(256)
        return bytes(damaged)
