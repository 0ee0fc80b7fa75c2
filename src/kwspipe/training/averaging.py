"""The moving average of the weights, which is validated and kept in place of the weights themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


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
