"""Builds each network of conf/model and its variants, and prints shapes and sizes as JSON.

Arguments: the configuration files of the networks.
"""

import dataclasses
import json
import sys

import numpy as np
from omegaconf import OmegaConf
from pydantic import TypeAdapter

from kwspipe import models
from kwspipe.config import ModelConfig

VARIANTS = {
    "mobilenet_v2": [{"alpha": 0.1}, {"alpha": 0.35, "last_block_filters": 100}, {"alpha": 1.0}],
    "tc_resnet": [{"filters": (8, 12), "kernel_frames": 5}],
    "ds_cnn": [{"filters": 24, "blocks": 2, "first_stride": 2}],
    "matchboxnet": [{"filters": (16, 16, 24), "blocks": 1, "layers_per_block": 3}],
}


def shapes_are_equal(config: ModelConfig, input_shape: tuple[int, ...]) -> bool:
    """Returns whether the traced weight shapes are those of the Keras model."""
    model = models.build(config, input_shape, 7)
    built = {
        layer.name: [array.shape for array in layer.get_weights()] for layer in model.layers if layer.weights
    }
    return models.weight_shapes(config, input_shape, 7) == built


result = {}
for path in sys.argv[1:]:
    settings = json.dumps(OmegaConf.to_container(OmegaConf.load(path)))
    config = TypeAdapter(ModelConfig).validate_json(settings)
    model = models.build(config, (59, 49), 11)
    posteriors = model(np.zeros((2, 59, 49, 1), np.float32)).numpy()
    kernels = [(layer, layer.kernel) for layer in model.layers if hasattr(layer, "kernel")]
    variants = [config, *(dataclasses.replace(config, **changes) for changes in VARIANTS[config.name])]
    result[config.name] = {
        "input": model.input_shape,
        "output": posteriors.shape,
        "sums": posteriors.sum(axis=1).tolist(),
        "parameters": model.count_params(),
        "products": int(
            sum(np.prod(layer.output.shape[1:-1]) * np.prod(kernel.shape) for layer, kernel in kernels)
        ),
        "traced": [
            shapes_are_equal(variant, shape) for variant in variants for shape in ((59, 49), (40, 32))
        ],
    }
print(json.dumps(result))
