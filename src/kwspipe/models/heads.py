"""Shared input layers and classification heads."""

from typing import Any

from kwspipe.models.layer_names import OUTPUTS, POOLED


def time_input(layers: Any, input_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Returns the input of a network of convolutions over time, and its maps (clips, frames, 1, channels).

    Args:
        layers: ``keras_layers`` or a ``ShapeTracer``.
        input_shape: (frames, channels).
    """
    num_frames, num_channels = input_shape
    inputs = layers.Input((num_frames, num_channels, 1), name="features")
    return inputs, layers.Reshape((num_frames, 1, num_channels), name="channels_last")(inputs)


def classifier_head(layers: Any, inputs: Any, maps: Any, num_classes: int, name: str) -> Any:
    """Adds average pooling and a softmax layer, and returns the model.

    Args:
        layers: ``keras_layers`` or a ``ShapeTracer``.
        inputs: of the network.
        maps: (clips, rows, columns, channels), computed by the last layer so far.
        num_classes: outputs of the softmax.
        name: of the model.

    Returns:
        A model from ``inputs`` to posteriors (clips, num_classes).
    """
    pooled = layers.GlobalAveragePooling2D(name=POOLED)(maps)
    # float32 at any training precision: a softmax in float16 rounds small posteriors to zero.
    outputs = layers.Dense(num_classes, activation="softmax", dtype="float32", name=OUTPUTS)(pooled)
    return layers.Model(inputs, outputs, name=name)
