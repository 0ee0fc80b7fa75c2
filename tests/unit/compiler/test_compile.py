"""Compiler: a minimal model, fusion, and error messages of unsupported models."""

import numpy as np
import pytest

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from kwspipe.errors import KwspipeError
from support.tflite_builder import NONE, SAME, VALID, ModelBuilder


def dense(units: int = 3, taps: int = 4, **changed) -> bytes:
    """A single fully connected layer."""
    model = ModelBuilder()
    source = model.tensor((1, taps), changed.get("scale", 0.5), 0)
    weights = changed.get("weights", np.ones((units, taps), np.int8))
    values = np.zeros(units, np.int32) + changed.get("bias", 0)
    inputs = [source, model.tensor(weights.shape, 0.01, 0, weights), model.tensor((units,), None, 0, values)]
    output = model.tensor((1, units), changed.get("output_scale", 0.1), 0)
    model.operator("FULLY_CONNECTED", inputs, [output], NONE)
    return model.build([source], [output])


def refusal(tflite: bytes, num_labels: int = 3) -> str:
    with pytest.raises(KwspipeError) as error:
        compile_model(tflite, [f"class {i}" for i in range(num_labels)], b"", b"", "test")
    return str(error.value)


def test_a_minimal_model_compiles_and_runs():
    image, summary = compile_model(dense(), ["a", "b", "c"], b"tables", b"settings", "small 1")
    core = CoreModel(image)
    assert core.run(np.full((1, 4), 10, np.int8)).tolist() == [[2, 2, 2]]
    assert core.labels == ["a", "b", "c"]
    assert (core.section(4), core.section(5), core.section(6)) == (b"tables", b"settings", b"small 1")
    assert summary.layers[0].kinds == "FULLY_CONNECTED"
    assert summary.num_macs == 12


def test_a_file_of_another_type_is_refused():
    assert "not a TensorFlow Lite model" in refusal(b"PK\3\4 a zip file")


@pytest.mark.parametrize("keep", [8, 40, 100, 300])
def test_a_damaged_file_is_refused(keep):
    tflite = dense()
    assert "damaged" in refusal(tflite[:keep]) or ".tflite" in refusal(tflite[:keep])


def test_a_changed_byte_gives_a_model_or_a_kwspipe_error():
    tflite = dense()
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(tflite)
        damaged[rng.integers(8, len(tflite))] = rng.integers(256)
        try:
            compile_model(bytes(damaged), ["a", "b", "c"], b"", b"", "test")
        except KwspipeError:
            continue


def test_an_unsupported_operator_is_named_with_its_layer():
    model = ModelBuilder()
    source = model.tensor((1, 4), 0.5, 0)
    output = model.tensor((1, 4), 0.5, 0)
    model.operator("HARD_SWISH", [source], [output])
    message = refusal(model.build([source], [output]), 4)
    assert "layer 0 (HARD_SWISH, 'tensor_1')" in message
    assert "CONV_2D" in message


def test_a_float_model_is_refused():
    model = ModelBuilder()
    source = model.tensor((1, 4), dtype=0)
    output = model.tensor((1, 4), dtype=0)
    model.operator("SOFTMAX", [source], [output], 1.0)
    message = refusal(model.build([source], [output]), 4)
    assert "type float32" in message
    assert "inference_input_type" in message


def test_a_batch_is_refused():
    model = ModelBuilder()
    source = model.tensor((2, 4), 0.5, 0)
    output = model.tensor((2, 4), 1 / 256, -128)
    model.operator("SOFTMAX", [source], [output], 1.0)
    assert "batch 1" in refusal(model.build([source], [output]), 8)


def test_the_number_of_labels_must_equal_the_number_of_classes():
    assert "labels: 2 labels. Allowed: 3, one per class" in refusal(dense(), 2)


def test_an_empty_label_is_refused():
    with pytest.raises(KwspipeError, match="1 to 255 bytes"):
        compile_model(dense(), ["a", "", "c"], b"", b"", "test")


def test_an_accumulator_that_can_overflow_is_refused():
    message = refusal(dense(bias=2**31 - 1, output_scale=1e7))
    assert "layer 0 (FULLY_CONNECTED" in message
    assert "accumulators" in message


def test_a_scaling_out_of_range_is_refused():
    assert "scaled by 125" in refusal(dense(output_scale=4e-5, weights=np.full((3, 4), 127, np.int8)))


def test_fusion_reduces_the_arena():
    """The arena is smaller than the activation between the two convolutions, as in a block of MobileNetV2."""
    model = ModelBuilder()
    source = model.tensor((1, 20, 20, 8), 0.5, 0)
    middle = model.tensor((1, 20, 20, 48), 0.5, -128)
    output = model.tensor((1, 10, 10, 48), 0.5, -128)
    inputs = [
        source,
        model.tensor((48, 1, 1, 8), 0.01, 0, np.ones((48, 1, 1, 8), np.int8)),
        model.tensor((48,), None, 0, np.zeros(48, np.int32)),
    ]
    model.operator("CONV_2D", inputs, [middle], VALID, 1, 1, 1, 1, NONE)
    inputs = [
        middle,
        model.tensor((1, 3, 3, 48), 0.01, 0, np.ones((1, 3, 3, 48), np.int8)),
        model.tensor((48,), None, 0, np.zeros(48, np.int32)),
    ]
    model.operator("DEPTHWISE_CONV_2D", inputs, [output], SAME, 2, 2, 1, 1, NONE, 1)
    tflite = model.build([source], [output])
    _, summary = compile_model(tflite, [str(i) for i in range(4800)], b"", b"", "test")
    assert [row.kinds for row in summary.layers] == ["CONV_2D+DEPTHWISE_CONV_2D"]
    assert summary.arena_bytes < 20 * 20 * 48
