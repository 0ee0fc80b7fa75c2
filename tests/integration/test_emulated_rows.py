"""Windows of one row on the emulated board: the outputs of the host's core, for every way a row can end."""

from pathlib import Path

import numpy as np
import pytest
import serial
from test_emulated_inference import FLASH_BYTES, SLOTS_AT

from kwspipe.device.emulator import EmulatedBoard
from kwspipe.tflite.compiler import compile_model
from kwspipe.tflite.runner import CoreModel
from single_operators import CLIPS, inputs_for
from tflite_builder import NONE, RELU, SAME, VALID, ModelBuilder

FRAMES, CHANNELS = 127, 3
# Taps, stride, padding: each count of outputs left over by blocks of four, and of two with stride 2, comes up.
LAYERS = (
    (9, 1, SAME), (5, 1, VALID), (3, 1, VALID), (1, 1, SAME), (4, 1, VALID), (31, 1, VALID), (9, 2, SAME),
    (3, 1, VALID), (7, 2, VALID), (9, 1, SAME), (4, 1, VALID), (3, 2, VALID), (5, 1, SAME),
)  # fmt: skip


def column_network(seed: int) -> tuple[bytes, list[tuple[int, int]]]:
    """Returns a .tflite of depthwise convolutions over time, one behind the other, and their strides and lengths."""
    rng = np.random.default_rng(seed)
    model = ModelBuilder()
    frames, scale, zero_point = FRAMES, 0.05, 3
    first = source = model.tensor((1, frames, 1, CHANNELS), scale, zero_point)
    made = []
    for number, (taps, stride, padding) in enumerate(LAYERS):
        weights = rng.integers(-100, 128, (1, taps, 1, CHANNELS)).astype(np.int8)
        scales = rng.uniform(0.01, 0.02, CHANNELS)
        # As loud as the input, or the last layer would have nothing left to say.
        out_scale = float(scale * (scales * np.sqrt((weights.astype(float) ** 2).sum(axis=(0, 1, 2)))).mean())
        values = rng.integers(-2000, 2000, CHANNELS).astype(np.int32)
        inputs = [
            source,
            model.tensor(weights.shape, scales, 0, weights, axis=3),
            model.tensor((CHANNELS,), None, 0, values),
        ]
        activation, zero_point = ((NONE, 10), (RELU, -128))[(number + seed) % 2]
        frames = -(-frames // stride) if padding == SAME else (frames - taps) // stride + 1
        source = model.tensor((1, frames, 1, CHANNELS), out_scale, zero_point)
        model.operator("DEPTHWISE_CONV_2D", inputs, [source], padding, stride, stride, 1, 1, activation, 1)
        scale = out_scale
        made.append((stride, frames))
    return model.build([first], [source]), made


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_every_length(seed: int, model_check_firmware: Path, tmp_path: Path) -> None:
    tflite, made = column_network(seed)
    assert {frames % 4 for stride, frames in made if stride == 1} == {0, 1, 2, 3}
    assert {frames % 2 for stride, frames in made if stride == 2} == {0, 1}
    num_outputs = made[-1][1] * CHANNELS
    image, _ = compile_model(tflite, [f"class {i}" for i in range(num_outputs)], b"", b"", "rows")
    inputs = inputs_for(np.random.default_rng(seed), FRAMES * CHANNELS)
    expected = CoreModel(image).run(inputs)
    assert np.unique(expected, axis=0).shape[0] >= CLIPS - 2
    flash_file = tmp_path / "flash.bin"
    flash_file.write_bytes((b"\xff" * SLOTS_AT + image).ljust(FLASH_BYTES, b"\xff"))
    with EmulatedBoard(model_check_firmware, flash_file, baud=0) as board:
        port = serial.Serial(board.port, 115200, timeout=20)
        port.write(b"s")
        assert port.read(4) == bytes(4), "the board refuses the image"
        for values, outputs in zip(inputs, expected, strict=True):
            port.write(b"i" + values.tobytes())
            np.testing.assert_array_equal(np.frombuffer(port.read(num_outputs), np.int8), outputs)
