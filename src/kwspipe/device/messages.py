"""Requests and responses of the serial link as Python values; PROTOCOL.md describes each byte by byte."""

import enum
import hashlib
import struct
import zlib
from dataclasses import dataclass

PROTOCOL_VERSION = 1
RESPONSE = 0x80  # added to the verb of the request
MAX_DATA_BYTES = 1024  # of DATA, TEST and FEED
KEPT_EVENTS = 16  # events the board keeps for EVENTS
BEGIN_RESTART = 1
FEED_START, FEED_STOP = 1, 2


class Verb(enum.IntEnum):
    """What a frame asks for; EVENT comes from the board unasked."""

    HELLO = 1
    STATUS = 2
    BEGIN = 3
    DATA = 4
    END = 5
    TEST = 6
    CONFIRM = 7
    ABORT = 8
    FEED = 9
    EVENTS = 10
    PROFILE = 11
    RESET = 12
    EVENT = 64


class Target(enum.IntEnum):
    """Which image a golden input is for."""

    ACTIVE = 0
    CANDIDATE = 1


class FeedKind(enum.IntEnum):
    """What FEED carries: int16 samples, or uint16 features in whole frames."""

    AUDIO = 0
    FEATURES = 1


class PushState(enum.IntEnum):
    """How far a push has come on the board."""

    NONE = 0
    RECEIVING = 1
    VERIFIED = 2


class Source(enum.IntEnum):
    """What the board listens to."""

    NONE = 0
    MICROPHONE = 1
    FEED = 2


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", "replace")


@dataclass(frozen=True)
class ImageId:
    """What tells one image from all others."""

    size_bytes: int
    crc32: int
    sha256: bytes

    LAYOUT = struct.Struct("<II32s")

    @classmethod
    def of(cls, image: bytes) -> "ImageId":
        """The identity of an image."""
        return cls(len(image), zlib.crc32(image), hashlib.sha256(image).digest())

    @classmethod
    def unpack(cls, raw: bytes) -> "ImageId":
        """Reads the 40 bytes of an identity."""
        return cls(*cls.LAYOUT.unpack(raw))

    def pack(self) -> bytes:
        """The 40 bytes of the identity."""
        return self.LAYOUT.pack(self.size_bytes, self.crc32, self.sha256)


@dataclass(frozen=True)
class Hello:
    """What board this is, and its limits.

    Attributes:
        window_bytes: encoded bytes that may be unanswered at a time.
        max_image_bytes: largest image a slot holds.
        memory_bytes: for a spotter: tensor arena, features, front end, detector.
        cycles_name: unit of the counts in TEST and PROFILE.
    """

    protocol: int
    image_version: int
    window_bytes: int
    max_image_bytes: int
    memory_bytes: int
    board: str
    firmware: str
    cycles_name: str

    LAYOUT = struct.Struct("<xBHIII16s32s16s")

    @classmethod
    def unpack(cls, payload: bytes) -> "Hello":
        """Reads the response of HELLO."""
        fields = cls.LAYOUT.unpack(payload)
        return cls(*fields[:5], *map(_text, fields[5:]))


@dataclass(frozen=True)
class BoardStatus:
    """What the board does at the moment.

    Attributes:
        active_slot: slot of the active image, -1 for none.
        num_received: bytes of the push under way.
        incoming: identity of the push under way, None for none.
    """

    push: PushState
    active_slot: int
    source: Source
    uptime_ms: int
    num_inferences: int
    num_events: int
    num_bad_frames: int
    active_sequence: int
    active: ImageId | None
    num_received: int
    incoming: ImageId | None

    LAYOUT = struct.Struct("<xBbBIIIII40sI40s")

    @classmethod
    def unpack(cls, payload: bytes) -> "BoardStatus":
        """Reads the response of STATUS."""
        push, slot, source, *counts, active, num_received, incoming = cls.LAYOUT.unpack(payload)
        active_id = ImageId.unpack(active) if slot >= 0 else None
        incoming_id = ImageId.unpack(incoming) if push else None
        fields = (slot, Source(source), *counts, active_id, num_received, incoming_id)
        return cls(PushState(push), *fields)


@dataclass(frozen=True)
class Event:
    """A detection.

    Attributes:
        index: counts from 0 at the board's start.
        time_ms: of the audio, from the start of the stream.
        score: mean the detector compared with the threshold, 0 to 255.
    """

    index: int
    time_ms: int
    label_index: int
    score: int
    label: str

    LAYOUT = struct.Struct("<IIBBxx24s")

    @classmethod
    def unpack(cls, raw: bytes) -> "Event":
        """Reads the 36 bytes of an event."""
        fields = cls.LAYOUT.unpack(raw)
        return cls(*fields[:4], *map(_text, fields[4:]))


@dataclass(frozen=True)
class Profile:
    """What an inference costs, in the unit ``Hello.cycles_name``.

    Attributes:
        inference: all of it.
        operators: of each operator of the device, in order.
    """

    inference: int
    operators: tuple[int, ...]


# Layouts of the other messages, without the status of a response where only that matters.
BEGIN_REQUEST = struct.Struct("<Bxxx40s")  # flags, identity
BEGIN_RESPONSE = struct.Struct("<xBxxI")  # slot, offset to go on from
DATA_REQUEST = struct.Struct("<I")  # offset; the data follow
DATA_RESPONSE = struct.Struct("<xxxxI")  # next offset
END_RESPONSE = struct.Struct("<x")
TEST_REQUEST = struct.Struct("<BxxxI")  # target, offset in the input; the data follow
TEST_RESPONSE = struct.Struct("<xxHI")  # outputs, next offset; the outputs follow
CONFIRM_REQUEST = struct.Struct("<32s")  # sha256
CONFIRM_RESPONSE = struct.Struct("<xBxx")  # active slot
ABORT_RESPONSE = struct.Struct("<x")
FEED_REQUEST = struct.Struct("<BBxxI")  # kind, flags, offset in the stream; the data follow
FEED_RESPONSE = struct.Struct("<xxxxII")  # next offset, events so far
EVENTS_REQUEST = struct.Struct("<I")  # first index
EVENTS_RESPONSE = struct.Struct("<xBxxI")  # events in this response, events so far; the events follow
PROFILE_REQUEST = struct.Struct("<H")  # first operator
PROFILE_RESPONSE = struct.Struct("<xxHHxxI")  # operators, counts here, whole inference; the counts follow
RESET_RESPONSE = struct.Struct("<x")
