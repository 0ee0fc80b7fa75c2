"""What networks begin and end with."""

import keras
from keras import layers

POOLED = (
    "global_average_pooling2d"  # the layer that has the clip as a vector; the teacher's output starts from it
)


def over_time(input_shape: tuple[int, ...]):  # type: ignore[no-untyped-def]
    """Returns the input of a network of convolutions over time, and its maps: channels last, one column wide.

    Args:
        input_shape: (frames, channels).
    """
    num_frames, num_channels = input_shape
    inputs = keras.Input((num_frames, num_channels, 1), name="features")
    return inputs, layers.Reshape((num_frames, 1, num_channels), name="channels_last")(inputs)


def classified(inputs, maps, num_classes: int, name: str) -> keras.Model:  # type: ignore[no-untyped-def]
    """Returns the model of that name from its input to posteriors (clips, num_classes), by way of the last maps."""
    pooled = layers.GlobalAveragePooling2D(name=POOLED)(maps)
    # float32 in any precision: a softmax in float16 would lose the small posteriors.
    outputs = layers.Dense(num_classes, activation="softmax", dtype="float32", name="predictions")(pooled)
    return keras.Model(inputs, outputs, name=name)
