"""Frame encoding and decoding in Python and in the C core."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kwspipe._core import ffi, lib

from kwspipe.device import frames
from kwspipe.device.frames import Frame, FrameReader

# Lengths of runs without a zero around COBS's block size of 254 bytes, where encoder errors are likely.
RUNS = st.sampled_from([0, 1, 2, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 507, 508, 509, 510])
PAYLOADS = st.one_of(
    st.binary(max_size=frames.MAX_PAYLOAD_BYTES),
    st.lists(RUNS, max_size=4).map(lambda runs: b"\0".join(b"\x5a" * run for run in runs)[:1040]),
    st.sampled_from([b"", b"\0" * 1040, b"\xff" * 1040]),
)
FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 65535), PAYLOADS)


def encode_in_c(frame: Frame) -> bytes:
    out = ffi.new("uint8_t[]", lib.KWS_FRAME_MAX_ENCODED)
    size = lib.kws_frame_encode(
        frame.verb, frame.sequence, frame.payload, len(frame.payload), out, lib.KWS_FRAME_MAX_ENCODED
    )
    assert size > 0
    return bytes(ffi.buffer(out, size))


class DecoderInC:
    """Decoder of the C core with the interface of FrameReader."""

    def __init__(self) -> None:
        self.state = ffi.new("kws_frame_decoder_t *")

    def feed(self, data: bytes) -> list[Frame]:
        found, used = [], ffi.new("uint32_t *")
        while data:
            if lib.kws_frame_decode(self.state, data, len(data), used):
                payload = bytes(ffi.buffer(self.state.payload, self.state.payload_size))
                found.append(Frame(self.state.verb, self.state.sequence, payload))
            data = data[used[0] :]
        return found

    @property
    def num_bad(self) -> int:
        return self.state.num_bad


@pytest.fixture(params=[FrameReader, DecoderInC], ids=["python", "c"])
def reader_type(request):
    return request.param


def test_limits_agree():
    assert lib.KWS_FRAME_MAX_PAYLOAD == frames.MAX_PAYLOAD_BYTES
    assert lib.KWS_FRAME_OVERHEAD == frames.OVERHEAD_BYTES
    assert lib.KWS_FRAME_MAX_BODY == frames.MAX_BODY_BYTES
    assert lib.KWS_FRAME_MAX_ENCODED == frames.MAX_ENCODED_BYTES


def test_a_known_frame():
    body = bytes([0x04, 0x02, 0x01, 0x11, 0x00])
    checksum = zlib.crc32(body).to_bytes(4, "little")
    assert frames.encode(Frame(4, 0x0102, b"\x11\x00")) == b"\0\x05\x04\x02\x01\x11\x05" + checksum + b"\0"


@given(FRAMES)
@settings(max_examples=100, deadline=None)
def test_python_and_c_encode_equally(frame):
    encoded = frames.encode(frame)
    assert encoded == encode_in_c(frame)
    assert encoded.count(0) == 2 and len(encoded) <= frames.MAX_ENCODED_BYTES


@given(st.lists(FRAMES, max_size=3), st.integers(1, 2000))
@settings(max_examples=60, deadline=None)
def test_frames_are_decoded_from_pieces_of_any_size(sent, piece):
    stream = b"".join(map(frames.encode, sent))
    for reader in (FrameReader(), DecoderInC()):
        decoded = [f for i in range(0, len(stream), piece) for f in reader.feed(stream[i : i + piece])]
        assert decoded == sent and reader.num_bad == 0


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_python_and_c_reject_the_same_noise(noise):
    python, core = FrameReader(), DecoderInC()
    assert python.feed(noise) == core.feed(noise)
    assert python.num_bad == core.num_bad


@given(FRAMES, st.data())
@settings(max_examples=100, deadline=None)
def test_a_flipped_byte_never_gives_another_frame(frame, data):
    encoded = bytearray(frames.encode(frame))
    index = data.draw(st.integers(0, len(encoded) - 1))
    encoded[index] ^= data.draw(st.integers(1, 255))
    # Damage to a delimiter has no effect, because the neighbouring frames have delimiters too.
    stream = b"\0" + bytes(encoded) + b"\0"
    assert FrameReader().feed(stream) in ([], [frame])
    assert DecoderInC().feed(stream) in ([], [frame])


def test_the_frame_after_a_damaged_one_is_read(reader_type):
    good = frames.encode(Frame(1, 7, b"after"))
    reader = reader_type()
    assert reader.feed(frames.encode(Frame(2, 6, b"before"))[:-4] + good) == [Frame(1, 7, b"after")]
    assert reader.num_bad == 1


def test_a_frame_that_is_too_long_is_dropped(reader_type):
    body = bytes([1, 0, 0]) + b"\x07" * (frames.MAX_PAYLOAD_BYTES + 1)
    encoded = frames.cobs_encode(body + zlib.crc32(body).to_bytes(4, "little"))
    reader = reader_type()
    assert reader.feed(b"\0" + encoded + b"\0" + frames.encode(Frame(1, 1, b"x"))) == [Frame(1, 1, b"x")]
    assert reader.num_bad == 1


def test_a_payload_that_is_too_long_is_refused():
    too_long = b"x" * (frames.MAX_PAYLOAD_BYTES + 1)
    with pytest.raises(ValueError, match="payload of 1041 bytes; at most 1040 fit"):
        frames.encode(Frame(1, 1, too_long))
    out = ffi.new("uint8_t[2000]")
    assert lib.kws_frame_encode(1, 1, too_long, len(too_long), out, 2000) == lib.KWS_ERROR_SIZE
    assert lib.kws_frame_encode(1, 1, b"abc", 3, out, 12) == lib.KWS_ERROR_SIZE
    assert lib.kws_frame_encode(1, 1, b"abc", 3, out, 13) == 13
