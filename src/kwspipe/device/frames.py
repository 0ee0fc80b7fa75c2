"""Frames of the serial link: COBS between zero bytes, with a sequence number and a CRC32.

The body of a frame is verb (1 byte), sequence (2), payload (0 to 1040) and CRC32 of these bytes (4), little-endian.
docs/specifications/protocol.md describes it. The implementation of the board is ``firmware/core/link/kws_frame.c``.
"""

import struct
import zlib
from dataclasses import dataclass

MAX_PAYLOAD_BYTES = 1040
OVERHEAD_BYTES = 7
MAX_BODY_BYTES = MAX_PAYLOAD_BYTES + OVERHEAD_BYTES
MAX_BLOCK_BYTES = 254  # of one COBS code
MAX_ENCODED_BYTES = MAX_BODY_BYTES + -(-MAX_BODY_BYTES // MAX_BLOCK_BYTES) + 2


@dataclass(frozen=True)
class Frame:
    """A decoded frame."""

    verb: int
    sequence: int
    payload: bytes


def cobs_encode(body: bytes) -> bytes:
    """Encodes ``body`` so that no byte is zero (Cheshire and Baker 1999)."""
    encoded = bytearray()
    for index, run in enumerate(runs := body.split(b"\0")):
        while len(run) > MAX_BLOCK_BYTES:
            encoded += b"\xff" + run[:MAX_BLOCK_BYTES]
            run = run[MAX_BLOCK_BYTES:]
        encoded += bytes([len(run) + 1]) + run
        if len(run) == MAX_BLOCK_BYTES and index < len(runs) - 1:
            encoded += b"\x01"  # a full block does not imply a zero
    return bytes(encoded)


def cobs_decode(encoded: bytes) -> bytes | None:
    """Decodes the result of :func:`cobs_encode`. Returns None if the blocks do not fit the length."""
    body = bytearray()
    position = 0
    while position < len(encoded):
        code = encoded[position]
        block = encoded[position + 1 : position + code]
        position += code
        if code == 0 or position > len(encoded):
            return None
        body += block
        if code <= MAX_BLOCK_BYTES and position < len(encoded):
            body.append(0)
    return bytes(body)


def encode(frame: Frame) -> bytes:
    """Returns the bytes to send, with a zero byte on either side.

    Raises:
        ValueError: if the payload is larger than ``MAX_PAYLOAD_BYTES``.
    """
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload of {len(frame.payload)} bytes; at most {MAX_PAYLOAD_BYTES} fit a frame")
    body = struct.pack("<BH", frame.verb, frame.sequence) + frame.payload
    return b"\0" + cobs_encode(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


def decode(encoded: bytes) -> Frame | None:
    """Returns the frame in the bytes between two zero bytes, or None if it is damaged."""
    body = cobs_decode(encoded)
    if body is None or not OVERHEAD_BYTES <= len(body) <= MAX_BODY_BYTES:
        return None
    if zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
        return None
    verb, sequence = struct.unpack_from("<BH", body)
    return Frame(verb, sequence, body[3:-4])


class FrameReader:
    """Splits a stream of bytes into frames.

    Attributes:
        num_bad: number of damaged frames, which are dropped.
    """

    def __init__(self) -> None:
        self.num_bad = 0
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Adds received bytes and returns the frames that they complete."""
        frames = []
        *complete, rest = (self._pending + data).split(b"\0")
        self._pending = bytearray(rest[: MAX_ENCODED_BYTES + 1])
        for encoded in filter(None, complete):
            frame = decode(bytes(encoded))
            if frame is None:
                self.num_bad += 1
            else:
                frames.append(frame)
        return frames
