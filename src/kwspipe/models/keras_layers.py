"""Keras layers that the networks are built of. Importing this module imports TensorFlow."""

from keras import Input, Model
from keras.layers import (
    Add,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)

from kwspipe.models.normalization import BatchNormalization

__all__ = [
    "Add",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "GlobalAveragePooling2D",
    "Input",
    "Model",
    "ReLU",
    "Reshape",
    "ZeroPadding2D",
]
