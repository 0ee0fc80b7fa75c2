"""Two models of the vendor in the C core: the output of every layer equals the reference kernels bit for bit."""

import struct

import numpy as np
import pytest
from kwspipe._core import ffi, lib

from kwspipe.compiler import image_format as container
from kwspipe.core.model_runner import CoreModel
from support.reference_kernels import run_reference, with_output
from support.vendor_models import NUM_CLASSES, compiled, real_features

OPERATOR_BYTES, PROGRAM_BYTES = 68, 48
OUTPUT_OFFSET = struct.Struct("<44xI")  # position of output_offset in kws_operator_t


@pytest.fixture(scope="module", params=sorted(NUM_CLASSES))
def model(request, shared_dir):
    """Returns (.tflite, image, summary) of one of the archives."""
    return compiled(request.param, shared_dir)


@pytest.fixture(scope="module")
def features(shared_dir):
    """Returns features of 200 clips of speech and noise, (200, 59, 49) int8."""
    return real_features(shared_dir)


def extremes() -> np.ndarray:
    """Returns (10, 59, 49) int8: constant, random and half-random inputs."""
    rng = np.random.default_rng(1)
    inputs = rng.integers(-128, 128, (10, 59, 49)).astype(np.int8)
    inputs[0], inputs[1], inputs[2] = -128, 127, 0
    inputs[3, ::2] = -128
    inputs[4, :, ::2] = 127
    return inputs


def test_outputs_on_real_features(model, features):
    tflite, image, _ = model
    expected = run_reference(tflite, features)
    assert len(np.unique(expected.argmax(axis=1))) > 3
    np.testing.assert_array_equal(CoreModel(image).run(features, threads=2), expected)


def test_outputs_on_extremes(model):
    tflite, image, _ = model
    np.testing.assert_array_equal(CoreModel(image).run(extremes()), run_reference(tflite, extremes()))


def test_every_layer(model):
    """Compares the output of each operator in the arena with the output of the last layer of the operator."""
    tflite, image, summary = model
    inputs = extremes()[:5]
    steps = [arena_outputs(image, clip) for clip in inputs]
    for i, row in enumerate(summary.layers):
        expected = run_reference(with_output(tflite, row.layers[-1]), inputs)
        for clip, outputs in enumerate(steps):
            actual = outputs[i][: expected.shape[1]]
            np.testing.assert_array_equal(actual, expected[clip], err_msg=str(row))


def arena_outputs(image: bytes, clip: np.ndarray) -> list[np.ndarray]:
    """Runs the operators one by one. Returns the arena from the output of each operator to its end, as int16."""
    core = CoreModel(image)
    program = container.read_sections(image)[container.PROGRAM]
    memory = np.zeros(core.arena_bytes + 16, np.uint8)
    memory = memory[-memory.ctypes.data % 16 :][: core.arena_bytes]
    arena = ffi.from_buffer("uint8_t[]", memory)
    clip = np.ascontiguousarray(clip)
    assert (
        lib.kws_model_load(core._model, arena, len(memory), ffi.from_buffer("int8_t[]", clip), clip.size) == 0
    )
    outputs = []
    for i in range(core.num_operators):
        assert lib.kws_model_step(core._model, arena, len(memory), i) == 0
        (offset,) = OUTPUT_OFFSET.unpack_from(program, PROGRAM_BYTES + OPERATOR_BYTES * i)
        outputs.append(memory[offset:].view(np.int16).copy())
    return outputs


def test_model_fits_the_board(model):
    _, image, summary = model
    assert len(image) == summary.image_bytes <= 330_000
    assert summary.arena_bytes <= 60_000
    assert 1_737_000 < summary.num_macs < 1_740_000
    assert sum(len(row.layers) for row in summary.layers) == 71
