"""Moving average of the weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def averaged_weights(model: Any) -> Iterator[None]:
    """Replaces the weights of a model by the optimizer's moving average of them (Polyak and Juditsky 1992) in a block.

    The moving statistics of BatchNorm stay as they are. Choose ``train.ema_decay`` near ``model.batch_norm_momentum``:
    weights and statistics of different steps do not fit together.

    If ``train.ema_decay`` is 0, the optimizer has no average and the weights stay.
    """
    optimizer = getattr(
        model.optimizer, "inner_optimizer", model.optimizer
    )  # mixed_float16 wraps the optimizer
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
