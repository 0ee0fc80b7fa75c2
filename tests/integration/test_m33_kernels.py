"""C core with the assembly kernels of the Cortex-M33 on an emulated CPU: equal to the core on this machine bit for bit.

Image and tensor arena are at the end of the emulated memory, so that an access beyond their end is detected.
"""

import importlib.util
import itertools
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from kwspipe.errors import KwspipeError
from support.paths import SCRIPTS
from support.random_networks import Network, random_network
from support.tflite_builder import SAME, VALID

pytest.importorskip("unicorn", reason="the emulated CPU needs the extra `emulator`")
SCRIPT = SCRIPTS / "count_instructions.py"
specification = importlib.util.spec_from_file_location("count_instructions", SCRIPT)
count_instructions = importlib.util.module_from_spec(specification)
specification.loader.exec_module(count_instructions)

# The installed compilers.
COMPILERS = [["arm-none-eabi-gcc"]] if shutil.which("arm-none-eabi-gcc") else []
COMPILERS += [[sys.executable, "-m", "ziglang", "cc"]] if importlib.util.find_spec("ziglang") else []


@pytest.fixture(
    scope="module", params=COMPILERS or [None], ids=lambda command: command[-1] if command else "none"
)
def elf(request, tmp_path_factory):
    """The core, built for the Cortex-M33."""
    if request.param is None:
        pytest.skip("needs arm-none-eabi-gcc, or the package ziglang")
    return count_instructions.Elf(count_instructions.build(request.param, tmp_path_factory.mktemp("core")))


def compiled(tflite: bytes, classes: int):
    """Returns the image of a network and its summary."""
    return compile_model(tflite, [f"class {i}" for i in range(classes)], b"", b"", "test")


def assert_same_bits(elf, tflite: bytes, size: int, classes: int, rng: np.random.Generator) -> None:
    image, _ = compiled(tflite, classes)
    model = CoreModel(image)
    inputs = rng.integers(-128, 128, (3, size)).astype(np.int8)
    inputs[0] = rng.choice([-128, 127])
    board = count_instructions.Board(elf, image)
    for clip, expected in zip(inputs, model.run(inputs), strict=True):
        outputs, _ = board.infer(clip, model.num_operators, classes)
        np.testing.assert_array_equal(outputs, expected)


def count(image: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, SCRIPT, image, *arguments], capture_output=True, text=True)


def test_a_missing_compiler_is_an_error(tmp_path):
    tflite, _, classes = random_network(np.random.default_rng(0))
    image = tmp_path / "model.kws"
    image.write_bytes(compiled(tflite, classes)[0])
    done = count(image, "--cc", "no-such-gcc")
    assert done.returncode == 1
    assert done.stderr == (
        "no-such-gcc: this did not compile firmware/core. Install ziglang (pip install 'kwspipe[toolchain]'),"
        " or name another compiler for the Cortex-M33: --cc arm-none-eabi-gcc\n"
    )


def test_an_invalid_or_missing_image_is_an_error(tmp_path):
    image = tmp_path / "model.kws"
    image.write_bytes(b"no image")
    for path, reason in (
        (image, "model image: status KWS_ERROR_SIZE"),
        (tmp_path / "missing.kws", "[Errno 2] No such file"),
    ):
        done = count(path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"{path}: {reason}")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(elf, seed):
    rng = np.random.default_rng(seed)
    assert_same_bits(elf, *random_network(rng), rng)


def test_damaged_programs_access_only_image_and_arena(elf):
    """The outputs may differ from those of the host: if tensors overlap, they depend on the order of the loops."""
    rng = np.random.default_rng(5)
    num_run = 0
    for seed in range(8):
        tflite, size, classes = random_network(np.random.default_rng(seed))
        image, summary = compiled(tflite, classes)
        clip = rng.integers(-128, 128, (1, size)).astype(np.int8)
        for _ in range(9):
            damaged = damage_operator(image, len(summary.layers), rng)
            try:
                model = CoreModel(damaged)
            except KwspipeError:
                continue
            board = count_instructions.Board(elf, damaged)
            board.infer(clip[0], model.num_operators, classes)
            num_run += 1
    assert num_run > 20


def damage_operator(image: bytes, num_operators: int, rng: np.random.Generator) -> bytes:
    """Changes one field of one operator and corrects the checksum."""
    damaged = bytearray(image)
    (program,) = struct.unpack_from("<I", image, 64 + 4)
    operator = program + 48 + 68 * int(rng.integers(num_operators))
    if rng.integers(2):
        offset, layout, values = operator + 2 * int(rng.integers(2, 18)), "<H", [1, 2, 3, 4, 5, 6, 8]
    else:
        offset, layout, values = operator + 36 + 4 * int(rng.integers(8)), "<I", [0, 4, 8, 64, 100, 400, 1000]
    struct.pack_into(layout, damaged, offset, int(rng.choice(values)))
    struct.pack_into("<I", damaged, 4, zlib.crc32(damaged[8:]))
    return bytes(damaged)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 6, 7, 8])
def test_every_output_width_of_a_3x3_depthwise_convolution(elf, columns, stride):
    """Blocks of four outputs and the remainder of a row."""
    rng = np.random.default_rng(10 * columns + stride)
    for _ in range(3):  # with and without an activation
        network = Network(rng, (5, (columns - 1) * stride + 3, 3))
        network.depthwise((3, 3), 1, (1, stride), VALID)
        tflite, classes = network.classifier(4)
        assert_same_bits(elf, tflite, int(np.prod(network.input_shape)), classes, rng)


@pytest.mark.parametrize("taps", [1, 2, 3, 5, 9, 31])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("outputs", range(1, 10))
def test_every_output_width_of_a_one_dimensional_convolution(elf, outputs, stride, taps):
    """Windows one row high, and windows one column wide, whose layout the compiler changes to one row."""
    rng = np.random.default_rng(100 * outputs + 10 * taps + stride)
    extents = {VALID: (outputs - 1) * stride + taps, SAME: outputs * stride}
    for is_column, (padding, extent) in itertools.product((False, True), extents.items()):
        shape, kernel = ((extent, 1), (taps, 1)) if is_column else ((1, extent), (1, taps))
        network = Network(rng, (*shape, 3))
        network.depthwise(kernel, 1, (stride, stride), padding)
        network.depthwise((1, 1))
        tflite = network.model.build([network.input], [network.tensor])
        assert network.shape[0] * network.shape[1] == outputs
        assert_same_bits(elf, tflite, 3 * extent, 3 * outputs, rng)


@pytest.mark.parametrize("channels", [4, 8, 12, 16, 20, 24])
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 6, 9])
def test_every_width_of_a_matrix_product(elf, columns, channels):
    """Pairs of pixels, pairs of channels and their remainders; even and odd numbers of groups of taps."""
    rng = np.random.default_rng(100 * columns + channels)
    for filters in (1, 2, 5):
        network = Network(rng, (3, columns, channels))
        network.convolution((1, 1), filters, (1, int(rng.integers(1, 3))))
        network.convolution((1, 1), 8)
        network.convolution((1, 1), filters)
        network.depthwise((3, 3))
        tflite, classes = network.classifier(3)
        assert_same_bits(elf, tflite, int(np.prod(network.input_shape)), classes, rng)
