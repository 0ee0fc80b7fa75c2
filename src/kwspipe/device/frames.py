"""Frames of the serial link: COBS between zero bytes, with a sequence number and a CRC32.

A frame's body is verb (1 byte), sequence (2), payload (0 to 1040), CRC32 of all before it (4), little-endian;
PROTOCOL.md describes it. The board's side is ``firmware/core/kws_frame.c``.
"""

import struct
import zlib
from dataclasses import dataclass

MAX_PAYLOAD_BYTES = 1040
OVERHEAD_BYTES = 7
MAX_BODY_BYTES = MAX_PAYLOAD_BYTES + OVERHEAD_BYTES
MAX_BLOCK_BYTES = 254  # what one COBS code can announce
MAX_ENCODED_BYTES = MAX_BODY_BYTES + -(-MAX_BODY_BYTES // MAX_BLOCK_BYTES) + 2


@dataclass(frozen=True)
class Frame:
    """One whole frame."""

    verb: int
    sequence: int
    payload: bytes


def cobs_encode(body: bytes) -> bytes:
    """Stuffs ``body`` so that no byte is zero (Cheshire and Baker 1999)."""
    encoded = bytearray()
    for index, run in enumerate(runs := body.split(b"\0")):
        while len(run) > MAX_BLOCK_BYTES:
            encoded += b"\xff" + run[:MAX_BLOCK_BYTES]
            run = run[MAX_BLOCK_BYTES:]
        encoded += bytes([len(run) + 1]) + run
        if len(run) == MAX_BLOCK_BYTES and index < len(runs) - 1:
            encoded += b"\x01"  # a full block has no zero of its own
    return bytes(encoded)


def cobs_decode(encoded: bytes) -> bytes | None:
    """Undoes :func:`cobs_encode`; None where the blocks do not fit the length."""
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
    """The bytes that go over the line, a zero byte on either side.

    Raises:
        ValueError: the payload is above ``MAX_PAYLOAD_BYTES``.
    """
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload of {len(frame.payload)} bytes; at most {MAX_PAYLOAD_BYTES} fit a frame")
    body = struct.pack("<BH", frame.verb, frame.sequence) + frame.payload
    return b"\0" + cobs_encode(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


def decode(encoded: bytes) -> Frame | None:
    """The frame in what stood between two zero bytes; None where it is damaged."""
    body = cobs_decode(encoded)
    if body is None or not OVERHEAD_BYTES <= len(body) <= MAX_BODY_BYTES:
        return None
    if zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
        return None
    verb, sequence = struct.unpack_from("<BH", body)
    return Frame(verb, sequence, body[3:-4])


class FrameReader:
    """Cuts a stream of bytes into frames.

    Attributes:
        num_bad: damaged frames left out so far.
    """

    def __init__(self) -> None:
        self.num_bad = 0
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Takes received bytes and returns the frames they complete."""
        frames = []
        *ended, rest = (self._pending + data).split(b"\0")
        self._pending = bytearray(rest[: MAX_ENCODED_BYTES + 1])
        for encoded in filter(None, ended):
            frame = decode(bytes(encoded))
            if frame is None:
                self.num_bad += 1
            else:
                frames.append(frame)
        return frames
