"""CRC32 of the C core, compared with that of zlib."""

import zlib

from hypothesis import given
from hypothesis import strategies as st
from kwspipe._core import ffi, lib


def core_crc32(data: bytes, crc: int = 0) -> int:
    return lib.kws_crc32(crc, ffi.from_buffer(data), len(data))


def test_the_check_value_of_the_standard():
    assert core_crc32(b"123456789") == 0xCBF43926


@given(st.binary(max_size=600))
def test_equals_zlib(data):
    assert core_crc32(data) == zlib.crc32(data)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_continues_from_an_earlier_result(first, second):
    assert core_crc32(second, core_crc32(first)) == zlib.crc32(first + second)
