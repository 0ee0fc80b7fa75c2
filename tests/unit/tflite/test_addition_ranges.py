"""Correction of addition inputs: the affected maps and their quantization. Contract tests cover the measurement."""

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.tflite import addition_ranges
from kwspipe.tflite.reader import read_graph
from support.tflite_builder import NONE, ModelBuilder

CLIPS = np.zeros((1, 1, 4), np.int8)
SCALE, ZERO_POINT = 0.5, 3


def model(additions: int) -> bytes:
    """Returns a chain of blocks; each adds a branch, which only the addition reads, to the input of the block."""
    builder = ModelBuilder()
    source = last = builder.tensor((1, 4), 1.0, 0)
    weights = builder.tensor((4, 4), 1.0, 0, np.eye(4, dtype=np.int8))
    bias = builder.tensor((4,), None, 0, np.zeros(4, np.int32))
    for _ in range(additions):
        branch, total = (builder.tensor((1, 4), SCALE, ZERO_POINT) for _ in range(2))
        builder.operator("FULLY_CONNECTED", [last, weights, bias], [branch], NONE)
        builder.operator("ADD", [branch, last], [total], NONE)
        last = total
    return builder.build([source], [last])


def quantization(tflite: bytes) -> list[tuple[str, float, int]]:
    return [
        (operator.kind, float(operator.outputs[0].scales[0]), int(operator.outputs[0].zero_points[0]))
        for operator in read_graph(tflite).operators
    ]


def corrected(monkeypatch: pytest.MonkeyPatch, measured: list[tuple[float, float]], additions: int) -> bytes:
    monkeypatch.setattr(addition_ranges, "_measured_ranges", lambda *_: measured)
    return addition_ranges.correct_addition_inputs(model(additions), b"", CLIPS)


@pytest.fixture(autouse=True)
def any_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    addition_inputs = addition_ranges._addition_inputs
    monkeypatch.setattr(
        addition_ranges, "_addition_inputs", lambda model: addition_inputs(model) if model else []
    )


def test_only_maps_that_only_an_addition_reads_get_a_measured_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two operators read the first sum, and the scale of a bias depends on its scale.
    changed = corrected(monkeypatch, [(-2.0, 3.1), (0.0, 5.1)], 2)
    assert quantization(changed) == [
        ("FULLY_CONNECTED", pytest.approx(0.02), -28),
        ("ADD", SCALE, ZERO_POINT),
        ("FULLY_CONNECTED", pytest.approx(0.02), -128),
        ("ADD", SCALE, ZERO_POINT),
    ]


def test_a_map_of_zeros_keeps_its_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    assert quantization(corrected(monkeypatch, [(0.0, 0.0)], 1)) == quantization(model(1))


def test_models_that_do_not_match_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KwspipeError) as caught:
        corrected(monkeypatch, [(-1.0, 1.0)], 2)
    assert (
        "quantize: additions have 2 inputs of their own in the int8 model and 1 in the float model. "
        "Allowed: equal numbers" in str(caught.value)
    )
    assert "install the release of TensorFlow in constraints.txt" in str(caught.value)
