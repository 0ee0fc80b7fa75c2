"""Each network of conf/model, as configured: posteriors of the right shape, within the seed's budget."""

import json
import subprocess
import sys

import pytest
from tests.default_settings import CONF

MAX_MULTIPLY_ACCUMULATES = 1_740_000  # of the seed's network

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
BUILD = """
import json, sys
import numpy as np
from omegaconf import OmegaConf
from pydantic import TypeAdapter
from kwspipe import models
from kwspipe.config import ModelConfig

result = {}
for path in sys.argv[1:]:
    config = TypeAdapter(ModelConfig).validate_json(json.dumps(OmegaConf.to_container(OmegaConf.load(path))))
    model = models.build(config, (59, 49), 11)
    posteriors = model(np.zeros((2, 59, 49, 1), np.float32)).numpy()
    kernels = [(layer, layer.kernel) for layer in model.layers if hasattr(layer, "kernel")]
    result[config.name] = {
        "input": model.input_shape, "output": posteriors.shape, "sums": posteriors.sum(axis=1).tolist(),
        "parameters": model.count_params(),
        "products": int(sum(np.prod(l.output.shape[1:-1]) * np.prod(k.shape) for l, k in kernels)),
    }
print(json.dumps(result))
"""


def test_every_network_is_within_the_budget() -> None:
    files = sorted((CONF / "model").glob("*.yaml"))
    command = [sys.executable, "-c", BUILD, *map(str, files)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    built = json.loads(printed.splitlines()[-1])
    assert sorted(built) == [file.stem for file in files]
    for facts in built.values():
        assert (facts["input"], facts["output"]) == ([None, 59, 49, 1], [2, 11])
        assert facts["sums"] == pytest.approx([1, 1], rel=1e-5)
        assert 0.5 * MAX_MULTIPLY_ACCUMULATES < facts["products"] <= MAX_MULTIPLY_ACCUMULATES
        assert facts["parameters"] < 110_000
