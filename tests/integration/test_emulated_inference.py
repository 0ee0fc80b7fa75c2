"""Inference on the emulated board: outputs equal to the core on this machine, and the number of instructions."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import serial
from numpy.typing import NDArray

from kwspipe.core.model_runner import CoreModel
from kwspipe.device.emulator import EmulatedBoard
from support.vendor_models import NUM_CLASSES, compiled, real_features

SLOTS_AT = 0x10000
FLASH_BYTES = 0x180000


@pytest.fixture(scope="module")
def features(shared_dir: Path) -> NDArray[np.int8]:
    """Features of 67 clips of speech and noise, (67, 59, 49) int8, and of 4 extreme clips, (4, 59, 49).

    The core on this machine runs all 200 clips in tests/contract/test_vendor_inference.py.
    """
    real = real_features(shared_dir)[::3]
    rng = np.random.default_rng(1)
    extremes = rng.integers(-128, 128, (4, *real.shape[1:])).astype(np.int8)
    extremes[0], extremes[1] = -128, 127
    return np.concatenate([real, extremes])


@pytest.fixture(scope="module", params=sorted(NUM_CLASSES))
def image(request: pytest.FixtureRequest, shared_dir: Path) -> bytes:
    return compiled(request.param, shared_dir)[1]


@pytest.fixture(scope="module")
def port(
    model_check_firmware: Path, image: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[serial.Serial]:
    """Serial port of a board with the image in its flash."""
    flash_file = tmp_path_factory.mktemp("flash") / "flash.bin"
    flash_file.write_bytes((b"\xff" * SLOTS_AT + image).ljust(FLASH_BYTES, b"\xff"))
    with EmulatedBoard(model_check_firmware, flash_file, baud=0) as board:
        port = serial.Serial(board.port, 115200, timeout=20)
        port.write(b"s")
        assert port.read(4) == bytes(4), "the board refuses the image"
        yield port


def test_every_output_equals_that_of_the_core(
    port: serial.Serial, image: bytes, features: NDArray[np.int8]
) -> None:
    expected = CoreModel(image).run(features)
    outputs = np.empty_like(expected)
    for row, values in zip(outputs, features, strict=True):
        port.write(b"i" + values.tobytes())
        row[:] = np.frombuffer(port.read(len(row)), np.int8)
    np.testing.assert_array_equal(outputs, expected)


def profile(port: serial.Serial) -> list[int]:
    port.write(b"p")
    (num_operators,) = struct.unpack("<I", port.read(4))
    return list(struct.unpack(f"<{num_operators + 1}I", port.read(4 * num_operators + 4)))


def test_the_number_of_instructions_is_within_its_limit(port: serial.Serial) -> None:
    counts = profile(port)
    assert counts == profile(port), "the counts are not reproducible"
    *operators, total = counts
    assert sum(operators) <= total < 1.01 * sum(operators)
    print(f"{total:,} instructions per inference")
    assert total <= 3_000_000
