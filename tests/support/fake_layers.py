"""Layers with the interface of Keras layers, and weight files in the format of Keras, without Keras."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from kwspipe.config import PathTransferConfig

CONFIG = PathTransferConfig(source="path", path="none.h5", skip_mismatch=True, class_outputs=True, freeze=())


class FakeLayer:
    """A layer whose weights are zeros."""

    def __init__(self, name: str, *shapes: tuple[int, ...]) -> None:
        self.name, self.trainable = name, True
        self.weights = [np.zeros(shape, np.float32) for shape in shapes]

    def get_weights(self) -> list[np.ndarray]:
        return self.weights

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights = weights


def write_weights(path: Path, layers: Mapping[str, Sequence[np.ndarray]]) -> Path:
    """Writes arrays by layer name, as a Keras 3 .weights.h5."""
    with h5py.File(path, "w") as file:
        for number, (name, arrays) in enumerate(layers.items()):
            variables = file.create_group(f"layers/layer_{number}/vars")
            variables.attrs["name"] = name
            for index, array in enumerate(arrays):
                variables[str(index)] = array
    return path
