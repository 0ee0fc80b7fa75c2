"""Damaged front-end tables: the C core rejects them or runs without undefined behaviour."""

import os
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kwspipe._core import ffi, lib

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from support.paths import REPOSITORY

CORE = REPOSITORY / "firmware" / "core"
FIELDS = [name for name, _ in ffi.typeof("kws_frontend_tables_t").fields]
ROUNDS = 20000


@pytest.fixture(scope="module")
def tables(default_frontend: FrontendConfig) -> bytes:
    return FrontEnd(replace(default_frontend, pcan_enable=True, dc_notch_filter_enable=True)).tables


def check(blob: bytes, shift: int = 0) -> int:
    words = ffi.new("uint32_t[]", len(blob) // 4 + 2)
    start = ffi.cast("uint8_t *", words) + shift
    ffi.memmove(start, blob, len(blob))
    return lib.kws_frontend_check(start, len(blob))


def with_word(tables: bytes, field: str, value: int) -> bytes:
    position = 4 * FIELDS.index(field)
    return tables[:position] + struct.pack("<I", value) + tables[position + 4 :]


def test_complete_tables_are_accepted(tables: bytes) -> None:
    assert check(tables) == lib.KWS_OK
    assert check(tables + b"more of the image") == lib.KWS_OK


def test_truncated_tables_are_rejected(tables: bytes) -> None:
    assert {check(tables[:size]) for size in range(len(tables))} == {lib.KWS_ERROR_SIZE}


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_tables_must_be_aligned(tables: bytes, shift: int) -> None:
    assert check(tables, shift) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_frontend_check(ffi.NULL, 100) == lib.KWS_ERROR_ARGUMENT


def test_another_version_has_its_own_status(tables: bytes) -> None:
    assert check(with_word(tables, "version", 2)) == lib.KWS_ERROR_UNSUPPORTED


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "sample_rate_hz"])
def test_very_large_fields_are_rejected(tables: bytes, field: str) -> None:
    assert check(with_word(tables, field, 0xFFFFFFFF)) < 0
    assert check(with_word(tables, field, 0x80000000)) < 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("magic", 0),
        ("flags", 32),
        ("sample_rate_hz", 0),
        ("num_frames", 58),
        ("window_samples", 0),
        ("window_samples", 513),
        ("step_samples", 0),
        ("step_samples", 481),
        ("fft_length", 16),
        ("fft_length", 511),
        ("fft_length", 16384),
        ("num_channels", 0),
        ("num_channels", 129),
        ("first_bin", 0),
        ("first_bin", 256),
        ("num_bins", 0),
        ("num_bins", 122),
        ("num_bins", 252),
        ("window_offset", 2),
        ("window_offset", 100),
        ("weights_offset", 3441),
        ("gain_table_offset", 0),
        ("flags", 2),
        ("noise_smoothing_bits", 16),
        ("noise_even_q14", 16385),
        ("pcan_shift", 32),
        ("log_scale_shift", 11),
    ],
)
def test_fields_that_contradict_the_format_are_rejected(tables: bytes, field: str, value: int) -> None:
    assert check(with_word(tables, field, value)) == lib.KWS_ERROR_FORMAT


@pytest.mark.parametrize("table", ["window", "weights", "band_widths"])
def test_table_values_out_of_range_are_rejected(tables: bytes, table: str) -> None:
    position = struct.unpack_from("<I", tables, 4 * FIELDS.index(f"{table}_offset"))[0]
    assert check(tables[:position] + b"\x01\x10" + tables[position + 2 :]) == lib.KWS_ERROR_FORMAT


def test_insufficient_or_unaligned_memory_is_rejected(tables: bytes) -> None:
    words = ffi.from_buffer("uint32_t[]", np.frombuffer(tables, np.uint32))
    size = lib.kws_frontend_memory_bytes(words, len(tables))
    frontend, memory = ffi.new("kws_frontend_t *"), ffi.new("uint32_t[]", size // 4)
    init = lib.kws_frontend_init
    assert init(frontend, words, len(tables), memory, size) == lib.KWS_OK
    assert init(frontend, words, len(tables), memory, size - 1) == lib.KWS_ERROR_SIZE
    assert init(frontend, words, len(tables), ffi.cast("char *", memory) + 1, size) == lib.KWS_ERROR_ARGUMENT
    assert init(frontend, words, len(tables), ffi.NULL, size) == lib.KWS_ERROR_ARGUMENT
    assert init(ffi.NULL, words, len(tables), memory, size) == lib.KWS_ERROR_ARGUMENT


def test_push_without_space_consumes_nothing(tables: bytes) -> None:
    words = ffi.from_buffer("uint32_t[]", np.frombuffer(tables, np.uint32))
    size = lib.kws_frontend_memory_bytes(words, len(tables))
    frontend, memory = ffi.new("kws_frontend_t *"), ffi.new("uint32_t[]", size // 4)
    lib.kws_frontend_init(frontend, words, len(tables), memory, size)
    samples, features = ffi.new("int16_t[]", 800), ffi.new("uint16_t[]", 2 * 49)
    assert lib.kws_frontend_push(frontend, samples, 800, features, 1) == lib.KWS_ERROR_FULL
    assert frontend.num_filled == 0
    assert lib.kws_frontend_push(frontend, samples, 800, features, 2) == 2


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns tests/fuzz/fuzz_frontend.c and the core, built with the address and undefined-behaviour sanitizers."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs gcc or clang with the address sanitizer")
    program = tmp_path_factory.mktemp("sanitized") / "fuzz_frontend"
    files = [*map(str, (CORE / "frontend").glob("*.c")), str(REPOSITORY / "tests/fuzz/fuzz_frontend.c")]
    flags = ["-std=c11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    result = subprocess.run(
        [compiler, *flags, f"-I{CORE}", *files, "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "cannot find" in result.stderr:
        pytest.skip("the sanitizers' libraries are not installed")
    assert result.returncode == 0, result.stderr
    return program


@pytest.mark.parametrize("changes", [{}, {"pcan_enable": True, "dc_notch_filter_enable": True}])
def test_damaged_tables_are_harmless(
    default_frontend: FrontendConfig, sanitized: Path, tmp_path: Path, changes: dict[str, bool]
) -> None:
    frontend = FrontEnd(replace(default_frontend, **changes))
    clip = (
        np.random.default_rng(5)
        .normal(0, 4000, (1, frontend.clip_samples))
        .clip(-32768, 32767)
        .astype(np.int16)
    )
    (tmp_path / "tables").write_bytes(frontend.tables)
    (tmp_path / "clip").write_bytes(clip.tobytes())
    command = [str(sanitized), str(tmp_path / "tables"), str(tmp_path / "clip"), str(ROUNDS)]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"ASAN_OPTIONS": ""}
    )
    assert result.returncode == 0, result.stderr
    features = np.array(result.stdout.split(), int).reshape(frontend.num_frames, frontend.num_channels)
    np.testing.assert_array_equal(features, frontend.features(clip, dtype=np.uint16)[0])
    accepted = int(result.stderr.split()[0])
    assert ROUNDS // 20 < accepted < ROUNDS, "some damaged tables must be accepted, and some must be rejected"
