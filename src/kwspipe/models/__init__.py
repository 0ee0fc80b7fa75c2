"""The networks, by the name in conf/model; importing one imports TensorFlow."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from kwspipe.config import ModelConfig


def build(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> Any:
    """Builds the network that the configuration names.

    Args:
        config: its name is that of a module of this package.
        input_shape: (frames, channels).
        num_classes: outputs of the softmax.

    Returns:
        A Keras model from (clips, frames, channels, 1) to posteriors (clips, num_classes).
    """
    return importlib.import_module(f"kwspipe.models.{config.name}").build(config, input_shape, num_classes)


def build_merged(config: ModelConfig, input_shape: tuple[int, ...], labels: Sequence[int]) -> Any:
    """Builds the network that the configuration names, for classes of which several may be one label.

    Args:
        config: its name is that of a module of this package.
        input_shape: (frames, channels).
        labels: the label of each class, counted from 0.

    Returns:
        A Keras model from (clips, frames, channels, 1) to posteriors (clips, labels).
    """
    from kwspipe.models.heads import merge_classes

    return merge_classes(build(config, input_shape, len(labels)), np.array(labels))
