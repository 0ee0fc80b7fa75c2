"""Adam for a network that starts from a checkpoint: slower layers, and weights that decay to where they started."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kwspipe.config import TrainConfig


class PacedAdam(keras.optimizers.Adam):
    """Adam whose rate differs from layer to layer, and whose weight decay can pull to the starting weights.

    Weight decay is decoupled from the gradient (AdamW, Loshchilov and Hutter 2019, arXiv:1711.05101). Towards the
    start instead of zero it keeps what the checkpoint knows (L2-SP, Li et al. 2018, arXiv:1802.01483, there as a
    penalty in the loss).

    Args:
        learning_rate: of the last layer.
        paces: by path of a variable, the share of the rate that it has; 1 where it is not named.
        decay: share of the distance from its goal that a weight loses in a step, times the rate.
        starts: by path of a variable, the values that it decays to; zero where it is not named.
        options: Keras' own.
    """

    def __init__(
        self,
        learning_rate: float,
        paces: Mapping[str, float],
        decay: float,
        starts: Mapping[str, Any],
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.paces, self.decay, self.starts = paces, decay, starts

    def build(self, variables: list[Any]) -> None:
        """Makes the optimizer's variables, and remembers what the network's are called in its own order."""
        super().build(variables)
        self._paths = [variable.path for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Changes one variable."""
        path = self._paths[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype) * self.paces.get(path, 1.0)
        if self.decay:
            goal = ops.cast(self.starts.get(path, 0.0), variable.dtype)
            self.assign_sub(variable, (variable - goal) * (rate * self.decay))
        super().update_step(gradient, variable, rate)


def optimizer(model: Any, config: TrainConfig, learning_rate: float) -> keras.optimizers.Optimizer:
    """Returns the optimizer that the configuration asks for.

    Keras' own Adam does where neither ``first_layer_rate`` nor ``weight_decay_to`` asks for more.

    Args:
        model: with the weights that training starts from.
        config: weight_decay, weight_decay_to, first_layer_rate, ema_decay.
        learning_rate: to begin with.
    """
    average = {"use_ema": True, "ema_momentum": config.ema_decay} if config.ema_decay else {}
    if config.first_layer_rate == 1 and config.weight_decay_to == "zero":
        return keras.optimizers.Adam(learning_rate, weight_decay=config.weight_decay or None, **average)
    to_start = config.weight_decay_to == "start"
    starts = {v.path: v.numpy() for v in model.trainable_variables} if to_start else {}
    return PacedAdam(
        learning_rate, paces(model, config.first_layer_rate), config.weight_decay, starts, **average
    )


def paces(model: Any, first: float) -> dict[str, float]:
    """Returns the share of the learning rate of each trainable variable, by its path.

    It rises by the same factor from layer to layer (discriminative rates, Howard and Ruder 2018, arXiv:1801.06146),
    from ``first`` to 1 for the last.
    """
    layers = [layer for layer in model.layers if layer.weights]
    shares = np.geomspace(first, 1, len(layers)) if len(layers) > 1 else [1.0]
    return {
        variable.path: float(share)
        for layer, share in zip(layers, shares, strict=True)
        for variable in layer.trainable_variables
    }
