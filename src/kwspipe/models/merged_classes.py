"""Merging of training classes: a last layer that adds the posteriors of classes with the same label."""

import keras
import numpy as np
import numpy.typing as npt

from kwspipe.models.layer_names import OTHER_WORDS, OUTPUTS


def merge_classes(model: keras.Model, labels: npt.NDArray[np.int64]) -> keras.Model:
    """Returns a model that shares all layers and adds the posteriors of classes with the same label.

    The additional layer is a matrix product, for which devices have a kernel. It is not trained.

    Args:
        model: from features to posteriors (clips, classes).
        labels: (classes,) the label of each class, counted from 0.

    Returns:
        A model from features to posteriors (clips, labels); ``model`` itself if each class is a label.
    """
    num_labels = int(labels.max()) + 1
    if num_labels == len(labels):
        return model
    merge = keras.layers.Dense(num_labels, use_bias=False, trainable=False, dtype="float32", name=OTHER_WORDS)
    model = keras.Model(model.input, merge(model.output), name=model.name)
    merge.set_weights([np.eye(num_labels, dtype=np.float32)[labels]])
    return model


def without_merge(model: keras.Model) -> keras.Model:
    """Returns the model whose outputs are the posteriors of all training classes, without the merging layer."""
    if all(layer.name != OTHER_WORDS for layer in model.layers):
        return model
    return keras.Model(model.input, model.get_layer(OUTPUTS).output, name=model.name)
