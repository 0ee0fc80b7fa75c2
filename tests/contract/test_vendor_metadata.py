"""Parameters in two models of the vendor: reading, and rewriting without a change of the outputs."""

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.tflite.metadata import read_parameters, write_parameters
from support.vendor_models import tflite_of

WORDS = {
    "keyword_spotting_mobilenetv2": ["left", "right", "up", "down", "stop", "go"],
    "keyword_spotting_with_transfer_learning": [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
    ],
}


@pytest.fixture(scope="module", params=sorted(WORDS))
def archive(request, shared_dir):
    """Returns name and .tflite of one of the vendor's archives."""
    return request.param, tflite_of(request.param, shared_dir)


def outputs(model: bytes, inputs: np.ndarray) -> np.ndarray:
    tflite = pytest.importorskip("tflite_runtime.interpreter")
    interpreter = tflite.Interpreter(
        model_content=model, experimental_op_resolver_type=tflite.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scores = []
    for features in inputs:
        interpreter.set_tensor(source["index"], features[np.newaxis])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target["index"])[0].copy())
    return np.array(scores)  # (inputs, classes)


def test_every_parameter_of_the_vendor_is_read(archive):
    name, model = archive
    parameters = read_parameters(model)
    assert len(parameters) == 34
    assert parameters["name"] == name
    assert parameters["classes"] == [*WORDS[name], "_unknown_", "_silence_"]
    assert parameters["detection_threshold"] == 145
    assert parameters["suppression_ms"] == 750
    assert parameters["average_window_duration_ms"] == 1000
    assert parameters["minimum_count"] == 3
    assert parameters["latency_ms"] == 100
    assert parameters["verbose_model_output_logs"] is False
    assert parameters["samplewise_norm.rescale"] == 0.0
    assert parameters["runtime_memory_size"] == 115584
    assert parameters["fe.fft_length"] == 512
    assert parameters["fe.noise_reduction_even_smoothing"] == 0.025
    assert parameters["fe.filterbank_upper_band_limit"] == 3999.0


def test_rewritten_model_has_the_same_outputs(archive):
    _, model = archive
    changed = read_parameters(model) | {"detection_threshold": 200, "detection_threshold_list": [1, 2, 3]}
    written = write_parameters(model, changed)
    assert read_parameters(written) == changed
    assert write_parameters(written, changed) == written
    inputs = np.random.default_rng(1).integers(-128, 128, (8, 59, 49, 1), dtype=np.int8)
    inputs[0], inputs[1] = -128, 127
    np.testing.assert_array_equal(outputs(written, inputs), outputs(model, inputs))


def test_damaged_files_are_rejected_or_read(archive):
    _, model = archive
    random = np.random.default_rng(2)
    rejected = 0
    for _ in range(150):
        damaged = bytearray(model[: random.integers(1, len(model))] if random.random() < 0.3 else model)
        # The root table and its lists are at the start of these files.
        for position in random.integers(0, min(8000, len(damaged)), 20):
            damaged[position] = random.integers(256)
        for call in (read_parameters, lambda data: write_parameters(data, {"name": "a"})):
            try:
                call(bytes(damaged))
            except KwspipeError as error:
                rejected += "damaged" in str(error) or "TensorFlow Lite" in str(error)
    assert rejected > 50
