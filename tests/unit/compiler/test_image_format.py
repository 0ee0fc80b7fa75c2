"""Container format of a model image: reading in Python and in the C core, and rejection of damaged images."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kwspipe._core import ffi, lib

from kwspipe.compiler.image_format import decode_labels, encode_labels, read_sections, write_image
from kwspipe.errors import KwspipeError

SECTIONS = {1: b"program", 3: encode_labels(["one", "zwei", "トロワ"]), 6: b""}


def aligned(data: bytes) -> np.ndarray:
    memory = np.zeros(len(data) + 16, np.uint8)
    memory = memory[-memory.ctypes.data % 16 :][: len(data)]
    memory[:] = np.frombuffer(data, np.uint8)
    return memory


def core_open(data: bytes):
    """Returns (status, image). The image holds a reference to its memory."""
    memory, image = aligned(data), ffi.new("kws_image_t *")
    pointer = ffi.from_buffer("uint8_t[]", memory)
    return lib.kws_image_open(image, pointer, len(data)), (image, pointer, memory)


def with_fields(image: bytes, **fields: int) -> bytes:
    """Returns the image with changed header fields and a correct checksum."""
    layouts = {
        "total_size": (8, "<I"),
        "version": (12, "<H"),
        "section_count": (14, "<H"),
        "entry": (64, "<4I"),
    }
    changed = bytearray(image)
    for name, value in fields.items():
        offset, layout = layouts[name]
        struct.pack_into(layout, changed, offset, *(value if isinstance(value, tuple) else (value,)))
    struct.pack_into("<I", changed, 4, zlib.crc32(changed[8:]))
    return bytes(changed)


def test_sections_are_read_as_written():
    image = write_image(SECTIONS, bytes(range(32)), 4242)
    assert read_sections(image) == SECTIONS
    assert decode_labels(SECTIONS[3]) == ["one", "zwei", "トロワ"]
    status, (core, *_) = core_open(image)
    assert status == lib.KWS_OK
    assert (core.arena_bytes, core.label_count, core.size) == (4242, 3, len(image))
    data = ffi.new("const uint8_t **")
    for identifier, section in SECTIONS.items():
        size = lib.kws_image_section(core, identifier, data)
        assert bytes(ffi.buffer(data[0], size)) == section
    assert lib.kws_image_section(core, 2, data) == lib.KWS_ERROR_FORMAT
    assert bytes(ffi.buffer(lib.kws_image_source_sha256(core), 32)) == bytes(range(32))
    for i, label in enumerate(["one", "zwei", "トロワ"]):
        length = lib.kws_image_label(core, i, data)
        assert bytes(ffi.buffer(data[0], length)).decode() == label
    assert lib.kws_image_label(core, 3, data) == lib.KWS_ERROR_ARGUMENT


def test_bytes_after_an_image_are_ignored():
    assert core_open(write_image(SECTIONS, bytes(32), 0) + b"\xff" * 100)[0] == lib.KWS_OK


def test_every_changed_byte_is_detected():
    image = write_image(SECTIONS, bytes(32), 16)
    for position in range(len(image)):
        damaged = bytearray(image)
        damaged[position] ^= 0x10
        assert core_open(bytes(damaged))[0] < 0
        with pytest.raises(KwspipeError, match=r"damaged|not a model image|version"):
            read_sections(bytes(damaged))


def test_every_truncation_is_detected():
    image = write_image(SECTIONS, bytes(32), 16)
    for size in range(len(image)):
        assert core_open(image[:size])[0] == lib.KWS_ERROR_SIZE


def test_each_error_has_its_status():
    image = write_image(SECTIONS, bytes(32), 16)
    assert core_open(with_fields(image))[0] == lib.KWS_OK
    assert core_open(with_fields(image, version=2))[0] == lib.KWS_ERROR_UNSUPPORTED
    assert core_open(with_fields(image, section_count=65))[0] == lib.KWS_ERROR_FORMAT
    assert core_open(b"XXXX" + image[4:])[0] == lib.KWS_ERROR_FORMAT
    assert lib.kws_image_open(ffi.NULL, ffi.NULL, 0) == lib.KWS_ERROR_ARGUMENT
    memory = aligned(image + bytes(16))
    shifted = ffi.from_buffer("uint8_t[]", memory) + 1
    assert lib.kws_image_open(ffi.new("kws_image_t *"), shifted, len(image)) == lib.KWS_ERROR_ARGUMENT


@pytest.mark.parametrize(
    "entry",
    [
        (0, 112, 7, 0),  # id 0
        (3, 112, 7, 0),  # not in order
        (1, 113, 7, 0),  # not aligned
        (1, 64, 7, 0),  # in the section table
        (1, 112, 33, 0),  # into the next section
        (1, 112, 0xFFFFFFFF, 0),
        (1, 0xFFFFFFF0, 7, 0),
        (1, 112, 7, 1),  # reserved field
    ],
)
def test_invalid_section_entries_are_refused(entry):
    assert (
        core_open(with_fields(write_image(SECTIONS, bytes(32), 16), entry=entry))[0] == lib.KWS_ERROR_FORMAT
    )


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40))
def test_labels_do_not_exceed_their_section(section):
    status, (core, *_) = core_open(write_image({3: section}, bytes(32), 0))
    data = ffi.new("const uint8_t **")
    if status == lib.KWS_OK:
        assert (
            sum(lib.kws_image_label(core, i, data) + 1 for i in range(core.label_count)) == len(section) - 4
        )
    else:
        assert status == lib.KWS_ERROR_FORMAT
