"""Small model image with front end, dense layers of random weights, and detector."""

from dataclasses import replace

import numpy as np

from kwspipe.compiler.compile import compile_model
from kwspipe.core.detector import pack_settings
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.model_runner import CoreModel
from kwspipe.device.golden import GoldenVectors
from support.default_settings import DETECTOR, FRONTEND
from support.tflite_builder import NONE, ModelBuilder

LABELS = ("one", "two", "_unknown_", "_silence_")
NUM_FEATURES = 59 * 49


def _dense(seed: int, num_layers: int) -> bytes:
    random = np.random.default_rng(seed)
    model = ModelBuilder()
    source = last = model.tensor((1, NUM_FEATURES), 1.0, 0)
    for layer in range(num_layers):
        units = NUM_FEATURES if layer == 0 else len(LABELS)
        weights = random.integers(-127, 128, (len(LABELS), units)).astype(np.int8)
        constants = [
            model.tensor(weights.shape, 0.01, 0, weights),
            model.tensor((len(LABELS),), None, 0, np.zeros(len(LABELS), np.int32)),
        ]
        output = model.tensor((1, len(LABELS)), 20.0, 0)
        model.operator("FULLY_CONNECTED", [last, *constants], [output], NONE)
        last = output
    return model.build([source], [last])


def small_tflite(seed: int) -> bytes:
    """Returns a .tflite of about 13 kB with the four classes LABELS and without parameters."""
    return _dense(seed, 1)


def small_image(seed: int, num_layers: int = 1, volume_gain: int = 0) -> bytes:
    """Returns an image of about 20 kB that detects "one" and "two" sometimes, in any audio."""
    detector = replace(
        DETECTOR,
        detection_threshold=130,
        average_window_duration_ms=200,
        minimum_count=1,
        volume_gain=volume_gain,
    )
    tables = FrontEnd(FRONTEND).tables
    settings = pack_settings(detector, LABELS)
    return compile_model(_dense(seed, num_layers), LABELS, tables, settings, f"small {seed}")[0]


def golden_of(image: bytes, vectors: int = 2) -> GoldenVectors:
    """Returns random inputs, and the outputs of the C core for them."""
    inputs = np.random.default_rng(0).integers(-128, 128, (vectors, NUM_FEATURES)).astype(np.int8)
    return GoldenVectors(inputs, CoreModel(image).run(inputs))
