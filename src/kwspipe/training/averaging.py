"""The moving average of the weights, which is validated and kept in place of the weights themselves."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
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


class BatchNormStatistics:
    """BatchNorm statistics measured on batches, in place of the moving ones.

    Those are of weights that have changed since, and that the averaged weights never were (Izmailov et al. 2018,
    arXiv:1803.05407, section 3.2; precise BatchNorm in Wu and Johnson 2021, arXiv:2105.07576). These are the mean over
    the batches of each batch's own.

    Args:
        model: Keras model; layers that are frozen keep theirs.
    """

    def __init__(self, model: Any) -> None:
        import keras

        kind = keras.layers.BatchNormalization
        self.model = model
        self.layers = [layer for layer in model.layers if isinstance(layer, kind) and layer.trainable]

    @contextmanager
    def measured_on(self, batches: Sequence[Array]) -> Iterator[None]:
        """Puts those of the weights as they now are into the model for a while.

        Args:
            batches: features (clips, frames, channels, 1); none: does nothing.
        """
        if not batches or not self.layers:
            yield
            return
        latest = [(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in self.layers]
        try:
            self._assign(self._mean_over(batches))
            yield
        finally:
            self._assign(latest)

    def _assign(self, statistics: Sequence[Sequence[Any]]) -> None:
        for layer, (mean, variance) in zip(self.layers, statistics, strict=True):
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)

    def _mean_over(self, batches: Sequence[Array]) -> list[list[Any]]:
        """For each layer the means over the batches of what it is given: a mean and a variance, (channels,)."""
        measured = [self._moments(batch) for batch in batches]
        return [
            [np.mean(values, axis=0) for values in zip(*of_layer, strict=True)]
            for of_layer in zip(*measured, strict=True)
        ]

    @cached_property
    def _moments(self) -> Callable[[Array], list[Any]]:
        """Traced once: it takes longer than what it computes."""
        import keras
        import tensorflow as tf

        given = keras.Model(self.model.input, [layer.input for layer in self.layers])

        @tf.function(reduce_retracing=True)
        def moments(features: Any) -> list[Any]:
            # As in training: each layer passes on what its batch's own statistics make of it.
            maps_given = given(features, training=True)
            return [tf.nn.moments(tf.cast(maps, tf.float32), (0, 1, 2)) for maps in maps_given]

        return lambda batch: moments(tf.constant(batch))
