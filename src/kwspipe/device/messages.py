"""Requests and responses of the serial link. docs/specifications/protocol.md describes their bytes."""

import enum
import hashlib
import struct
import zlib
from dataclasses import dataclass

PROTOCOL_VERSION = 1
RESPONSE = 0x80  # added to the verb of the request
MAX_DATA_BYTES = 1024  # of DATA, TEST and FEED
BEGIN_RESTART = 1
FEED_START, FEED_STOP = 1, 2


class Verb(enum.IntEnum):
    """Type of a request. EVENT is a message that the board sends without a request."""

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
    """Image that runs a golden input."""

    ACTIVE = 0
    CANDIDATE = 1


class FeedKind(enum.IntEnum):
    """Data of FEED: int16 samples, or uint16 features in complete frames."""

    AUDIO = 0
    FEATURES = 1


class PushState(enum.IntEnum):
    """State of a push on the board."""

    NONE = 0
    RECEIVING = 1
    VERIFIED = 2


class Source(enum.IntEnum):
    """Audio source of the board."""

    NONE = 0
    MICROPHONE = 1
    FEED = 2


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", "replace")


@dataclass(frozen=True)
class ImageId:
    """Identity of an image: its size and its checksums."""

    size_bytes: int
    crc32: int
    sha256: bytes

    LAYOUT = struct.Struct("<II32s")

    @classmethod
    def of(cls, image: bytes) -> "ImageId":
        """Returns the identity of an image."""
        return cls(len(image), zlib.crc32(image), hashlib.sha256(image).digest())

    @classmethod
    def unpack(cls, raw: bytes) -> "ImageId":
        """Decodes the 40 bytes of an identity."""
        return cls(*cls.LAYOUT.unpack(raw))

    def pack(self) -> bytes:
        """Returns the 40 bytes of the identity."""
        return self.LAYOUT.pack(self.size_bytes, self.crc32, self.sha256)


@dataclass(frozen=True)
class Hello:
    """Identity and limits of the board.

    Attributes:
        protocol: version of the protocol.
        image_version: format version of the images that the board runs.
        window_bytes: maximum number of encoded bytes without a response.
        max_image_bytes: size of the largest image that a slot can contain.
        memory_bytes: memory of a spotter: tensor arena, features, front end, detector.
        board: name of the board.
        firmware: version of the firmware.
        cycles_name: unit of the counts in PROFILE.
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
        """Decodes the response of HELLO."""
        fields = cls.LAYOUT.unpack(payload)
        return cls(*fields[:5], *map(_text, fields[5:]))


@dataclass(frozen=True)
class BoardStatus:
    """State of the board.

    Attributes:
        push: state of the push.
        active_slot: slot of the active image, -1 for none.
        source: audio source.
        uptime_ms: time since the start.
        num_inferences: inferences since the start.
        num_events: detections since the start.
        num_bad_frames: dropped frames since the start.
        active_sequence: sequence number of the active image.
        active: identity of the active image, None for none.
        num_received: bytes received of the push in progress.
        incoming: identity of the push in progress, None for none.
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
        """Decodes the response of STATUS."""
        push, slot, source, *counts, active, num_received, incoming = cls.LAYOUT.unpack(payload)
        active_id = ImageId.unpack(active) if slot >= 0 else None
        incoming_id = ImageId.unpack(incoming) if push else None
        fields = (slot, Source(source), *counts, active_id, num_received, incoming_id)
        return cls(PushState(push), *fields)


@dataclass(frozen=True)
class Event:
    """A detection.

    Attributes:
        index: number of the detection, counted from 0 at the start of the board.
        time_ms: time in the audio, from the start of the stream.
        label_index: index of the label.
        score: mean score that the detector compared with the threshold, 0 to 255.
        label: the label, truncated to 24 bytes.
    """

    index: int
    time_ms: int
    label_index: int
    score: int
    label: str

    LAYOUT = struct.Struct("<IIBBxx24s")

    @classmethod
    def unpack(cls, raw: bytes) -> "Event":
        """Decodes the 36 bytes of an event."""
        fields = cls.LAYOUT.unpack(raw)
        return cls(*fields[:4], *map(_text, fields[4:]))


@dataclass(frozen=True)
class Profile:
    """Cost of an inference, in the unit ``Hello.cycles_name``.

    Attributes:
        inference: cost of the complete inference.
        operators: cost of each operator of the device, in order.
    """

    inference: int
    operators: tuple[int, ...]


# Layouts of the other messages. The status of a response is skipped ("x").
BEGIN_REQUEST = struct.Struct("<Bxxx40s")  # flags, identity
BEGIN_RESPONSE = struct.Struct("<xBxxI")  # slot, next offset
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
PROFILE_RESPONSE = struct.Struct(
    "<xxHHxxI"
)  # operators, counts in this response, inference; the counts follow
RESET_RESPONSE = struct.Struct("<x")
