"""Each network of conf/model, as configured: posteriors of the right shape, within the seed's budget."""

import numpy as np
import pytest
from omegaconf import OmegaConf
from tests.default_settings import CONF

from kwspipe import models
from kwspipe.config import DsCnnConfig, MobileNetV2Config, TcResNetConfig

pytest.importorskip("tensorflow")
MAX_MULTIPLY_ACCUMULATES = 1_740_000  # of the seed's network
TYPES = {"mobilenet_v2": MobileNetV2Config, "tc_resnet": TcResNetConfig, "ds_cnn": DsCnnConfig}


def multiply_accumulates(model) -> int:
    """Products of convolutions and of the classifier, for one clip."""
    total = 0
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            positions = np.prod(layer.output.shape[1:-1], dtype=int)
            total += positions * np.prod(kernel.shape, dtype=int)
    return int(total)


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONF / "model").glob("*.yaml")))
def test_a_network_is_within_the_budget(name: str):
    values = OmegaConf.to_container(OmegaConf.load(CONF / "model" / f"{name}.yaml"))
    if "filters" in values and isinstance(values["filters"], list):
        values["filters"] = tuple(values["filters"])
    model = models.build(TYPES[name](**values), (59, 49), 11)
    assert model.input_shape == (None, 59, 49, 1)
    posteriors = model(np.zeros((2, 59, 49, 1), np.float32)).numpy()
    assert posteriors.shape == (2, 11)
    np.testing.assert_allclose(posteriors.sum(axis=1), 1, rtol=1e-5)
    assert 0.5 * MAX_MULTIPLY_ACCUMULATES < multiply_accumulates(model) <= MAX_MULTIPLY_ACCUMULATES
    assert model.count_params() < 110_000
