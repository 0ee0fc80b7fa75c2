"""Reading of audio files, and conversion between PCM and float samples."""

import io
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.audio.pcm import (
    AudioError,
    float_from_pcm,
    pcm_from_float,
    peak_db,
    read_pcm,
    resample,
    word_bounds,
)

RATE_HZ = 16000
ALL_PCM = np.arange(-32768, 32768).astype(np.int16)


def chirp(rate_hz: int, duration_s: float = 1.0) -> np.ndarray:
    time_s = np.arange(int(rate_hz * duration_s)) / rate_hz
    return 0.5 * np.sin(2 * np.pi * (300 + 300 * time_s) * time_s)


def _short_wav() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, chirp(RATE_HZ, 0.1), RATE_HZ, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


DAMAGED = _short_wav()


def fault(path: Path, max_s: float | None = None) -> AudioError:
    with pytest.raises(AudioError) as caught:
        read_pcm(path, RATE_HZ, max_s)
    return caught.value


def test_int16_is_unchanged_after_conversion_to_float_and_back():
    assert np.array_equal(pcm_from_float(float_from_pcm(ALL_PCM)), ALL_PCM)


@settings(deadline=None, max_examples=60)
@given(st.floats(-1e6, 1e6))
def test_float_is_clipped_never_wrapped(value: float):
    (pcm,) = pcm_from_float(np.array([value], np.float32))
    assert int(pcm) == int(np.clip(np.rint(np.float32(value) * 32768.0), -32768, 32767))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_sixteen_bit_mono_is_read_exactly(tmp_path: Path, suffix: str):
    path = tmp_path / f"all.{suffix}"
    soundfile.write(path, ALL_PCM, RATE_HZ)
    pcm = read_pcm(path, RATE_HZ)
    assert pcm.dtype == np.int16
    assert np.array_equal(pcm, ALL_PCM)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 44100, 48000, 384000])
def test_other_rates_are_resampled(tmp_path: Path, rate_hz: int):
    path = tmp_path / "chirp.wav"
    soundfile.write(path, chirp(rate_hz), rate_hz)
    pcm = read_pcm(path, RATE_HZ)
    assert pcm.size == pytest.approx(RATE_HZ, abs=2)
    inner = slice(400, 15600)  # the resampling filter has transients at both ends
    difference = float_from_pcm(pcm)[inner] - chirp(RATE_HZ)[inner]
    assert np.abs(difference).max() < 0.005


def test_resampling_in_blocks_is_equal_to_resampling_all_samples(tmp_path: Path):
    samples = chirp(44100, 14.0).astype(np.float32)  # more than two blocks
    soundfile.write(tmp_path / "long.wav", samples, 44100, subtype="FLOAT")
    expected = pcm_from_float(resample(samples, 44100, RATE_HZ))
    pcm = read_pcm(tmp_path / "long.wav", RATE_HZ)
    assert pcm.size == expected.size
    assert np.abs(pcm.astype(int) - expected.astype(int)).max() <= 1


@pytest.mark.parametrize("channels", [2, 5, 8])
def test_channels_are_averaged(tmp_path: Path, channels: int):
    first = ALL_PCM[::8]
    samples = np.zeros((first.size, channels), np.int16)
    samples[:, 0] = first
    soundfile.write(tmp_path / "many.wav", samples, RATE_HZ)
    expected = np.rint(first / channels).astype(np.int16)
    assert np.abs(read_pcm(tmp_path / "many.wav", RATE_HZ) - expected).max() <= 1


@pytest.mark.parametrize(
    ("subtype", "tolerance"), [("PCM_24", 1), ("PCM_U8", 256), ("FLOAT", 1), ("DOUBLE", 1)]
)
def test_other_widths_are_read(tmp_path: Path, subtype: str, tolerance: int):
    soundfile.write(tmp_path / "wide.wav", chirp(RATE_HZ), RATE_HZ, subtype=subtype)
    difference = read_pcm(tmp_path / "wide.wav", RATE_HZ) - np.rint(chirp(RATE_HZ) * 32768)
    assert np.abs(difference).max() <= tolerance


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("ogg", "VORBIS"), ("opus", "OPUS"), ("mp3", "MPEG_LAYER_III")]
)
def test_compressed_formats_are_read(tmp_path: Path, suffix: str, subtype: str):
    container = "MP3" if suffix == "mp3" else "OGG"
    soundfile.write(str(tmp_path / f"c.{suffix}"), chirp(RATE_HZ), RATE_HZ, format=container, subtype=subtype)
    pcm = read_pcm(tmp_path / f"c.{suffix}", RATE_HZ)
    assert pcm.size >= RATE_HZ
    assert peak_db(pcm[:15000]) == pytest.approx(-6.0, abs=1.0)  # without the transient of Opus at the end


def test_float_beyond_full_scale_is_clipped(tmp_path: Path):
    soundfile.write(tmp_path / "hot.wav", np.array([3.0, -3.0] * 800), RATE_HZ, subtype="FLOAT")
    assert sorted(set(read_pcm(tmp_path / "hot.wav", RATE_HZ).tolist())) == [-32768, 32767]


def test_the_format_is_detected_from_the_content(tmp_path: Path):
    soundfile.write(str(tmp_path / "a.wav"), ALL_PCM, RATE_HZ, format="FLAC")
    assert np.array_equal(read_pcm(tmp_path / "a.wav", RATE_HZ), ALL_PCM)


@pytest.mark.parametrize("name", ["with space.wav", "höchst \u65e5\u672c.wav", "-dash.wav", "a'\"$.wav"])
def test_any_name_is_read(tmp_path: Path, name: str):
    soundfile.write(tmp_path / name, ALL_PCM, RATE_HZ)
    assert read_pcm(tmp_path / name, RATE_HZ).size == ALL_PCM.size


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path):
    soundfile.write(tmp_path / "plain.wav", ALL_PCM, RATE_HZ)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    (tmp_path / "plain.wav").rename(odd)
    assert read_pcm(odd, RATE_HZ).size == ALL_PCM.size


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"not audio at all" * 40, "unreadable"), (b"RIFF", "unreadable")]
)
def test_other_content_is_an_error(tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "bad.wav").write_bytes(content)
    assert fault(tmp_path / "bad.wav").reason == reason


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path):
    assert fault(tmp_path / "none.wav").detail == "No such file or directory"
    assert fault(tmp_path).reason == "unreadable"


def test_a_header_without_samples_is_empty(tmp_path: Path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE_HZ)
    assert fault(tmp_path / "none.wav").reason == "empty"


def test_a_truncated_flac_is_an_error(tmp_path: Path):
    samples = np.random.default_rng(0).integers(-9000, 9000, 5 * RATE_HZ).astype(np.int16)
    soundfile.write(tmp_path / "whole.flac", samples, RATE_HZ)
    content = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 2])
    assert fault(tmp_path / "cut.flac").reason in ("truncated", "unreadable")


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_truncated_wav_is_an_error(tmp_path: Path, subtype: str):
    soundfile.write(tmp_path / "whole.wav", chirp(RATE_HZ), RATE_HZ, subtype=subtype)
    content = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[:-1000])
    received = fault(tmp_path / "cut.wav")
    assert received.reason == "truncated"
    assert re.fullmatch(r"\d+ of \d+ bytes", received.detail)


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_written_into_a_pipe_is_read(tmp_path: Path, claimed: int):
    soundfile.write(tmp_path / "piped.wav", ALL_PCM, RATE_HZ)
    content = (tmp_path / "piped.wav").read_bytes()
    start = content.index(b"data") + 4
    (tmp_path / "piped.wav").write_bytes(
        content[:start] + claimed.to_bytes(4, "little") + content[start + 4 :]
    )
    assert np.array_equal(read_pcm(tmp_path / "piped.wav", RATE_HZ), ALL_PCM)


@pytest.mark.parametrize("rate_hz", [3, 3999, 1_000_000])
def test_unsupported_sample_rates_are_errors(tmp_path: Path, rate_hz: int):
    soundfile.write(tmp_path / "odd.wav", np.ones(100) * 0.1, rate_hz)
    assert str(fault(tmp_path / "odd.wav")) == (
        f"{tmp_path / 'odd.wav'}: {rate_hz} Hz. Allowed: 4000 to 768000 Hz. "
        "Next: replace the recording, or leave it out"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_an_error(tmp_path: Path, value: float):
    samples = chirp(RATE_HZ)
    samples[77] = value
    soundfile.write(tmp_path / "nan.wav", samples, RATE_HZ, subtype="FLOAT")
    assert fault(tmp_path / "nan.wav").reason == "not_finite"


def test_integers_stored_as_floats_are_an_error(tmp_path: Path):
    soundfile.write(tmp_path / "scale.wav", chirp(RATE_HZ) * 32768, RATE_HZ, subtype="FLOAT")
    assert fault(tmp_path / "scale.wav").reason == "over_scale"


def test_a_recording_that_is_too_long_is_an_error(tmp_path: Path):
    soundfile.write(tmp_path / "long.wav", np.zeros(3 * RATE_HZ), RATE_HZ)
    assert fault(tmp_path / "long.wav", max_s=2.0).reason == "too_long"
    assert read_pcm(tmp_path / "long.wav", RATE_HZ, max_s=3.0).size == 3 * RATE_HZ


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=12), st.integers(0, 3000))
def test_damaged_files_are_read_or_raise_an_audio_error(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], end: int
):
    content = bytearray(DAMAGED[: max(end, 1)])
    for index, value in changes:
        content[index % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    path.write_bytes(content)
    try:
        assert read_pcm(path, RATE_HZ, 60.0).dtype == np.int16
    except AudioError as damage:
        assert damage.reason in (
            "unreadable", "truncated", "empty", "sample_rate", "not_finite", "over_scale", "too_long",
        )  # fmt: skip


def test_errors_can_be_pickled():
    copy = pickle.loads(pickle.dumps(AudioError("a.wav", "empty", "0 bytes", "an audio file")))
    assert (copy.reason, copy.detail, str(copy)) == (
        "empty", "0 bytes", "a.wav: 0 bytes. Allowed: an audio file. Next: replace the recording, or leave it out",
    )  # fmt: skip


def test_peak_does_not_include_a_constant_offset():
    assert peak_db(np.full(100, 20000, np.int16)) == -np.inf
    assert peak_db(np.zeros(0, np.int16)) == -np.inf
    assert peak_db(np.array([-16384, 16384] * 50, np.int16)) == pytest.approx(-6.02, abs=0.01)


def test_the_word_is_found_with_a_margin():
    pcm = np.zeros(RATE_HZ, np.int16)
    pcm[6400:9600] = pcm_from_float(chirp(RATE_HZ, 0.2))
    assert word_bounds(pcm, RATE_HZ, 30.0) == (6400 - 800, 9600 + 800)
    offset = (pcm + 3000).astype(np.int16)
    assert word_bounds(offset, RATE_HZ, 30.0) == (5600, 10400)


def test_frames_below_the_level_are_not_the_word():
    pcm = np.zeros(RATE_HZ, np.int16)
    pcm[2000:4000] = 100  # 40 dB below
    pcm[6400:9600] = np.tile(np.array([10000, -10000], np.int16), 1600)
    start, _ = word_bounds(pcm, RATE_HZ, 30.0)
    assert start == 5600
    start, _ = word_bounds(pcm, RATE_HZ, 60.0)
    assert start < 2000


@pytest.mark.parametrize("length", [0, 1, 159, 160, 161])
def test_bounds_stay_within_the_clip(length: int):
    assert word_bounds(np.full(length, 500, np.int16), RATE_HZ, 30.0) == (0, length)
