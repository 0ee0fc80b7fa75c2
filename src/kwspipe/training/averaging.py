"""The moving average of the weights, which is validated and kept in place of the weights themselves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """Puts the optimizer's moving average of the weights (Polyak and Juditsky 1992) into the model for a while.

    BatchNorm's own averages stay: choose ``train.ema_decay`` near ``model.batch_norm_momentum``, or the weights are
    those of other steps than the statistics, which ruins them.

    Does nothing where the optimizer keeps none (``train.ema_decay`` is 0).
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # in mixed_float16 it is wrapped
    if not optimizer.use_ema:
        yield
        return
    variables = model.trainable_variables
    latest = [variable.numpy() for variable in variables]
    optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, latest, strict=True):
            variable.assign(value)


@contextmanager
def reestimated(model: Any, batches: Sequence[Array]) -> Iterator[None]:
    """Puts BatchNorm statistics of the weights as they now are into the model for a while.

    The moving ones are those of weights that have changed since, and that the averaged weights never were (Izmailov et
    al. 2018, arXiv:1803.05407, section 3.2; precise BatchNorm in Wu and Johnson 2021, arXiv:2105.07576). These are the
    mean over ``batches`` of each batch's own.

    Args:
        model: Keras model.
        batches: features (clips, frames, channels, 1); none: does nothing.
    """
    import keras

    kind = keras.layers.BatchNormalization
    layers = [layer for layer in model.layers if isinstance(layer, kind) and layer.trainable]
    if not batches or not layers:
        yield
        return
    latest = [(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers]
    try:
        for layer, statistics in zip(layers, _statistics(model, layers, batches), strict=True):
            layer.moving_mean.assign(statistics[0])
            layer.moving_variance.assign(statistics[1])
        yield
    finally:
        for layer, (mean, variance) in zip(layers, latest, strict=True):
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)


def _statistics(model: Any, layers: Sequence[Any], batches: Sequence[Array]) -> list[list[Any]]:
    """Means over batches of what each layer is given: for each layer a mean and a variance, (channels,)."""
    import keras
    import tensorflow as tf

    given = keras.Model(model.input, [layer.input for layer in layers])

    @tf.function(reduce_retracing=True)
    def moments(features: Any) -> list[Any]:
        # As in training: each layer passes on what its batch's own statistics make of it.
        return [
            tf.nn.moments(tf.cast(maps, tf.float32), (0, 1, 2)) for maps in given(features, training=True)
        ]

    measured = [moments(tf.constant(batch)) for batch in batches]
    return [
        [np.mean(values, axis=0) for values in zip(*of_layer, strict=True)]
        for of_layer in zip(*measured, strict=True)
    ]
