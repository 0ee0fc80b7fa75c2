"""Which maps get a range of their own in int8, and what is written for them; measuring is tests/contract's."""

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.tflite import ranges
from kwspipe.tflite.reader import read_graph
from support.tflite_builder import NONE, ModelBuilder

CLIPS = np.zeros((1, 1, 4), np.int8)
SCALE, ZERO_POINT = 0.5, 3


def model(additions: int) -> bytes:
    """Chains of additions: each adds what it has, made by the one before and read by it alone, to the input."""
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


def with_ranges(monkeypatch: pytest.MonkeyPatch, found: list[tuple[float, float]], additions: int) -> bytes:
    monkeypatch.setattr(ranges, "_measured", lambda *_: found)
    return ranges.with_ranges_of_summands(model(additions), b"", CLIPS)


@pytest.fixture(autouse=True)
def any_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    summands = ranges._summands
    monkeypatch.setattr(ranges, "_summands", lambda model: summands(model) if model else [])


def test_a_map_that_only_an_addition_reads_gets_its_range_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The sum of the first is read twice, and by a layer whose bias is of its scale.
    changed = with_ranges(monkeypatch, [(-2.0, 3.1), (0.0, 5.1)], 2)
    assert quantization(changed) == [
        ("FULLY_CONNECTED", pytest.approx(0.02), -28),
        ("ADD", SCALE, ZERO_POINT),
        ("FULLY_CONNECTED", pytest.approx(0.02), -128),
        ("ADD", SCALE, ZERO_POINT),
    ]


def test_of_zeros_alone_any_scale_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert quantization(with_ranges(monkeypatch, [(0.0, 0.0)], 1)) == quantization(model(1))


def test_models_that_do_not_match_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KwspipeError) as caught:
        with_ranges(monkeypatch, [(-1.0, 1.0)], 2)
    assert "quantize: the int8 model adds 2 maps and the float one 1. Allowed: as many of both" in str(
        caught.value
    )
    assert "install that" in str(caught.value)
