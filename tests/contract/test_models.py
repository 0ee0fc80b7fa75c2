"""Networks of conf/model: output shapes, size limits, traced weight shapes, and batch normalization equal to Keras'."""

import pytest

from support.default_settings import CONF
from support.own_process import printed_by

MAX_MULTIPLY_ACCUMULATES = 1_740_000  # of the vendor's network

# In a separate process, because TensorFlow and tflite-runtime cannot be loaded together.
BUILD = """
import dataclasses, json, sys
import numpy as np
from omegaconf import OmegaConf
from pydantic import TypeAdapter
from kwspipe import models
from kwspipe.config import ModelConfig

def shapes_are_equal(config, input_shape):
    model = models.build(config, input_shape, 7)
    built = {layer.name: [array.shape for array in layer.get_weights()] for layer in model.layers if layer.weights}
    return models.weight_shapes(config, input_shape, 7) == built

VARIANTS = {
    "mobilenet_v2": [{"alpha": 0.1}, {"alpha": 0.35, "last_block_filters": 100}, {"alpha": 1.0}],
    "tc_resnet": [{"filters": (8, 12), "kernel_frames": 5}],
    "ds_cnn": [{"filters": 24, "blocks": 2, "first_stride": 2}],
    "matchboxnet": [{"filters": (16, 16, 24), "blocks": 1, "layers_per_block": 3}],
}
result = {}
for path in sys.argv[1:]:
    config = TypeAdapter(ModelConfig).validate_json(json.dumps(OmegaConf.to_container(OmegaConf.load(path))))
    model = models.build(config, (59, 49), 11)
    posteriors = model(np.zeros((2, 59, 49, 1), np.float32)).numpy()
    kernels = [(layer, layer.kernel) for layer in model.layers if hasattr(layer, "kernel")]
    variants = [config, *(dataclasses.replace(config, **changes) for changes in VARIANTS[config.name])]
    result[config.name] = {
        "input": model.input_shape, "output": posteriors.shape, "sums": posteriors.sum(axis=1).tolist(),
        "parameters": model.count_params(),
        "products": int(sum(np.prod(l.output.shape[1:-1]) * np.prod(k.shape) for l, k in kernels)),
        "traced": [shapes_are_equal(variant, shape) for variant in variants for shape in ((59, 49), (40, 32))],
    }
print(json.dumps(result))
"""

# The results of both layers in one training step: outputs, gradients of inputs and variables, moving averages.
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


@pytest.fixture(scope="module")
def built() -> dict:
    return printed_by(BUILD, *map(str, sorted((CONF / "model").glob("*.yaml"))))


def test_every_network_is_within_the_budget(built: dict) -> None:
    assert sorted(built) == [file.stem for file in sorted((CONF / "model").glob("*.yaml"))]
    for facts in built.values():
        assert (facts["input"], facts["output"]) == ([None, 59, 49, 1], [2, 11])
        assert facts["sums"] == pytest.approx([1, 1], rel=1e-5)
        assert 0.5 * MAX_MULTIPLY_ACCUMULATES < facts["products"] <= MAX_MULTIPLY_ACCUMULATES
        assert facts["parameters"] < 110_000


def test_traced_weight_shapes_equal_those_of_keras(built: dict) -> None:
    for name, facts in built.items():
        assert facts["traced"] and all(facts["traced"]), name


def test_the_fused_normalization_equals_the_keras_layer() -> None:
    fused, plain = printed_by(NORMALIZE)
    assert len(fused) == len(plain) == 7
    for one, other in zip(fused, plain, strict=True):
        assert one == pytest.approx(other, rel=2e-4, abs=2e-4)
