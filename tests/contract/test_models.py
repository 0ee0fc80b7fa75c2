"""Networks of conf/model: output shapes, size limits, traced weight shapes and fused batch normalization."""

import pytest

from support.own_process import printed_with_tensorflow
from support.paths import CONF

MAX_MULTIPLY_ACCUMULATES = 1_740_000  # of the vendor's network


@pytest.fixture(scope="module")
def built() -> dict:
    return printed_with_tensorflow("build_networks.py", *map(str, sorted((CONF / "model").glob("*.yaml"))))


def test_every_network_is_within_the_budget(built: dict) -> None:
    assert sorted(built) == [file.stem for file in sorted((CONF / "model").glob("*.yaml"))]
    for figures in built.values():
        assert (figures["input"], figures["output"]) == ([None, 59, 49, 1], [2, 11])
        assert figures["sums"] == pytest.approx([1, 1], rel=1e-5)
        assert 0.5 * MAX_MULTIPLY_ACCUMULATES < figures["products"] <= MAX_MULTIPLY_ACCUMULATES
        assert figures["parameters"] < 110_000


def test_traced_weight_shapes_equal_those_of_keras(built: dict) -> None:
    for name, figures in built.items():
        assert figures["traced"] and all(figures["traced"]), name


def test_fused_normalization_equals_the_keras_layer() -> None:
    fused, plain = printed_with_tensorflow("normalize_maps.py")
    assert len(fused) == len(plain) == 7
    for one, other in zip(fused, plain, strict=True):
        assert one == pytest.approx(other, rel=2e-4, abs=2e-4)
