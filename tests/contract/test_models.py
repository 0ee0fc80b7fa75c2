"""Each network of conf/model: posteriors of the right shape, within the seed's budget, normalized as Keras does."""

import pytest
from tests.support.default_settings import CONF

from support.own_process import printed_by

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

# What both layers compute in one training step: outputs, gradients of inputs and variables, moving averages.
NORMALIZE = """
import json
import keras
import numpy as np
import tensorflow as tf
from kwspipe.models.normalization import BatchNormalization

maps = tf.constant(np.random.default_rng(1).normal(3, 2, (4, 5, 3, 6)), tf.float32)
results = []
for kind in (BatchNormalization, keras.layers.BatchNormalization):
    layer = kind(momentum=0.75, epsilon=0.01)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        outputs = layer(maps, training=True)
        loss = tf.reduce_sum(outputs**3)
    gradients = tape.gradient(loss, [maps, *layer.trainable_variables])
    values = [outputs, *gradients, layer.moving_mean, layer.moving_variance, layer(maps, training=False)]
    results.append([np.asarray(value).ravel().tolist() for value in values])
print(json.dumps(results))
"""


def test_every_network_is_within_the_budget() -> None:
    files = sorted((CONF / "model").glob("*.yaml"))
    built = printed_by(BUILD, *map(str, files))
    assert sorted(built) == [file.stem for file in files]
    for facts in built.values():
        assert (facts["input"], facts["output"]) == ([None, 59, 49, 1], [2, 11])
        assert facts["sums"] == pytest.approx([1, 1], rel=1e-5)
        assert 0.5 * MAX_MULTIPLY_ACCUMULATES < facts["products"] <= MAX_MULTIPLY_ACCUMULATES
        assert facts["parameters"] < 110_000


def test_the_fused_normalization_computes_what_the_layer_of_keras_does() -> None:
    fused, plain = printed_by(NORMALIZE)
    assert len(fused) == len(plain) == 7
    for one, other in zip(fused, plain, strict=True):
        assert one == pytest.approx(other, rel=2e-4, abs=2e-4)
