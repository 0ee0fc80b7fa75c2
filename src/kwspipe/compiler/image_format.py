"""Container format of a model image: header, section table, CRC32.

docs/specifications/model_image.md describes the format.
"""

import struct
import zlib
from collections.abc import Sequence

from kwspipe.errors import KwspipeError

MAGIC = b"KWSI"
FORMAT_VERSION = 1
PROGRAM, CONSTANTS, LABELS, FRONTEND, DETECTOR, NAME = range(1, 7)
_ALIGNMENT = 16
# magic, crc32 | total size, format version, section count, sha256 of the .tflite, arena bytes, 12 bytes of zero
_HEAD = struct.Struct("<4sI")
_BODY = struct.Struct("<IHH32sI12x")
_SECTION = struct.Struct("<4I")
_MAX_LABEL_BYTES = 255


def write_image(sections: dict[int, bytes], source_sha256: bytes, arena_bytes: int) -> bytes:
    """Returns the image that contains the sections.

    Args:
        sections: content of each section by id.
        source_sha256: SHA-256 of the source .tflite.
        arena_bytes: size of the tensor arena.
    """
    table, payload = b"", b""
    start = _HEAD.size + _BODY.size + _SECTION.size * len(sections)
    for identifier, data in sorted(sections.items()):
        payload += bytes(-(start + len(payload)) % _ALIGNMENT)
        table += _SECTION.pack(identifier, start + len(payload), len(data), 0)
        payload += data
    body = _BODY.pack(start + len(payload), FORMAT_VERSION, len(sections), source_sha256, arena_bytes)
    content = body + table + payload
    return _HEAD.pack(MAGIC, zlib.crc32(content)) + content


def read_sections(image: bytes) -> dict[int, bytes]:
    """Returns the sections of an image by id.

    Raises:
        KwspipeError: if the data are not a model image, have another version, or are truncated or damaged.
    """
    remedy = "quantize again, or copy the file again"
    if len(image) < _HEAD.size + _BODY.size or image[:4] != MAGIC:
        raise KwspipeError(
            "model image", "not a model image", "a file written by quantize (model.kws)", remedy
        )
    crc32 = _HEAD.unpack_from(image)[1]
    total_size, version, count, _, _ = _BODY.unpack_from(image, _HEAD.size)
    if version != FORMAT_VERSION:
        raise KwspipeError("model image", f"format version {version}", str(FORMAT_VERSION), remedy)
    if total_size > len(image) or zlib.crc32(image[_HEAD.size : total_size]) != crc32:
        raise KwspipeError("model image", "damaged or truncated", "a complete file", remedy)
    entries = [_SECTION.unpack_from(image, _HEAD.size + _BODY.size + _SECTION.size * i) for i in range(count)]
    return {identifier: image[offset : offset + size] for identifier, offset, size, _ in entries}


def replace_section(image: bytes, identifier: int, data: bytes) -> bytes:
    """Returns the image with one section replaced. Errors are those of ``read_sections``."""
    sections = read_sections(image) | {identifier: data}
    _, _, _, sha256, arena_bytes = _BODY.unpack_from(image, _HEAD.size)
    return write_image(sections, sha256, arena_bytes)


def encode_labels(labels: Sequence[str]) -> bytes:
    """Returns the labels section: the number of labels, then the length and the text of each label."""
    encoded = [label.encode() for label in labels]
    for label, data in zip(labels, encoded, strict=True):
        if not 1 <= len(data) <= _MAX_LABEL_BYTES:
            raise KwspipeError(
                "labels",
                f"{label[:40]!r}, {len(data)} bytes",
                f"1 to {_MAX_LABEL_BYTES} bytes of UTF-8",
                "shorten it",
            )
    return struct.pack("<I", len(labels)) + b"".join(bytes([len(data)]) + data for data in encoded)


def decode_labels(section: bytes) -> list[str]:
    """Returns the labels of a section written by ``encode_labels``."""
    labels, position = [], 4
    for _ in range(struct.unpack_from("<I", section)[0]):
        length = section[position]
        labels.append(section[position + 1 : position + 1 + length].decode())
        position += 1 + length
    return labels
