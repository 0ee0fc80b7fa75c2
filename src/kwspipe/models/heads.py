"""What networks begin and end with."""

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from kwspipe.models.layer_names import OTHER_WORDS, OUTPUTS, POOLED


def time_input(input_shape: tuple[int, ...]):  # type: ignore[no-untyped-def]
    """Returns the input of a network of convolutions over time, and its maps: channels last, one column wide.

    Args:
        input_shape: (frames, channels).
    """
    num_frames, num_channels = input_shape
    inputs = keras.Input((num_frames, num_channels, 1), name="features")
    return inputs, layers.Reshape((num_frames, 1, num_channels), name="channels_last")(inputs)


def classifier_head(inputs, maps, num_classes: int, name: str) -> keras.Model:  # type: ignore[no-untyped-def]
    """Returns the model of that name from its input to posteriors (clips, num_classes), by way of the last maps."""
    pooled = layers.GlobalAveragePooling2D(name=POOLED)(maps)
    # float32 in any precision: a softmax in float16 would lose the small posteriors.
    outputs = layers.Dense(num_classes, activation="softmax", dtype="float32", name=OUTPUTS)(pooled)
    return keras.Model(inputs, outputs, name=name)


def without_merge(model: keras.Model) -> keras.Model:
    """Returns the model that says the posteriors of the classes: the same where nothing adds them up."""
    if all(layer.name != OTHER_WORDS for layer in model.layers):
        return model
    return keras.Model(model.input, model.get_layer(OUTPUTS).output, name=model.name)


def merge_classes(model: keras.Model, labels: npt.NDArray[np.int64]) -> keras.Model:
    """Returns a model that shares all layers and adds up the posteriors of the classes that are one label.

    What adds them up is a layer that is not trained, for which a device has a kernel.

    Args:
        model: from features to posteriors (clips, classes).
        labels: (classes,) the label of each class, counted from 0.

    Returns:
        A model from features to posteriors (clips, labels); the same where each class is a label.
    """
    num_labels = int(labels.max()) + 1
    if num_labels == len(labels):
        return model
    add_up = layers.Dense(num_labels, use_bias=False, trainable=False, dtype="float32", name=OTHER_WORDS)
    model = keras.Model(model.input, add_up(model.output), name=model.name)
    add_up.set_weights([np.eye(num_labels, dtype=np.float32)[labels]])
    return model
