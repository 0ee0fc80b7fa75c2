"""Networks, by their name in conf/model."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from kwspipe.config import ModelConfig
from kwspipe.models.shape_tracer import Shape, ShapeTracer


def build(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> Any:
    """Builds a network. Imports TensorFlow.

    Args:
        config: its name is that of a module of this package.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.

    Returns:
        A Keras model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    from kwspipe.models import keras_layers

    return _network(config).build(config, input_shape, num_classes, keras_layers)


def build_merged(config: ModelConfig, input_shape: tuple[int, ...], labels: Sequence[int]) -> Any:
    """Builds a network of which several classes may have the same label. Imports TensorFlow.

    Args:
        config: its name is that of a module of this package.
        input_shape: (frames, channels).
        labels: (classes,) the label of each class, counted from 0.

    Returns:
        A Keras model from (clips, frames, channels, 1) to posteriors (clips, labels).
    """
    from kwspipe.models.merged_classes import merge_classes

    return merge_classes(build(config, input_shape, len(labels)), np.array(labels))


def weight_shapes(
    config: ModelConfig, input_shape: tuple[int, ...], num_classes: int
) -> dict[str, list[Shape]]:
    """Returns the weight shapes of each layer that has weights, by layer name, without TensorFlow.

    Args:
        config: its name is that of a module of this package.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.
    """
    tracer = ShapeTracer()
    _network(config).build(config, input_shape, num_classes, tracer)
    return tracer.weights


def _network(config: ModelConfig) -> Any:
    return importlib.import_module(f"kwspipe.models.{config.name}")
