"""One step of training, on one device or divided among several."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.errors import KwspipeError
from kwspipe.training.targets import Step

Array = npt.NDArray[np.float32]


def divided(num_clips: int, parts: int) -> list[tuple[npt.NDArray[np.int64], Array]]:
    """Divides a batch: the clips of each part, and what their weights are multiplied by.

    Each device averages over its own clips, and the devices' gradients are averaged in turn. So that every clip counts
    for as much as in the whole batch, where an epoch's last one is not divided evenly, its weight is multiplied by
    (clips of the part * parts / clips). Where there are fewer clips than parts, some are in several, and count for
    less in each.

    Args:
        num_clips: of the batch.
        parts: to divide it into.

    Returns:
        For each part, numbers and factors of its clips, both (clips of the part,).
    """
    clips = np.arange(max(num_clips, parts)) % num_clips
    times = np.bincount(clips)  # a clip is in
    return [
        (part, (len(part) * parts / num_clips / times[part]).astype(np.float32))
        for part in np.array_split(clips, parts)
    ]


def train_on_batch(model: Any, step: Step) -> dict[str, float]:
    """Trains on a batch, which under a strategy of several devices is divided among them.

    Keras' own ``train_on_batch`` gives each of them the whole batch, and so makes nothing faster. BatchNorm's
    statistics are of a device's clips; its moving averages are the devices' mean.

    Args:
        model: compiled, inside its strategy's scope where there is one.
        step: what to teach.

    Returns:
        Keras' figures of the batch: loss and accuracy.

    Raises:
        KwspipeError: a GPU's memory is too small, or XLA cannot compile the step.
    """
    whole = step.features, list(step.outputs), list(step.weights)
    if model.train_function is None:
        # Keras' metrics, too, have variables. Where the step itself has to make them, TensorFlow traces it twice,
        # which takes 5 s of mobilenet_v2's 12, and on several devices it fails.
        with model.distribute_strategy.scope():
            model._symbolic_build(data_batch=whole)
    with _errors_made_clear(model, len(step.features)):
        if model.distribute_strategy.num_replicas_in_sync > 1:
            logs = _train_divided(model, whole)
        else:
            logs = model.train_on_batch(*whole, return_dict=True)
    return {name: float(value) for name, value in logs.items()}


def _train_divided(model: Any, whole: tuple[Array, list[Array], list[Array]]) -> dict[str, Any]:
    import tensorflow as tf

    features, outputs, weights = whole
    strategy = model.distribute_strategy
    shares = divided(len(features), strategy.num_replicas_in_sync)

    def part(context: Any) -> tuple[Any, Any, Any]:
        clips, factors = shares[context.replica_id_in_sync_group]
        return (
            tf.constant(features[clips]),
            [tf.constant(output[clips]) for output in outputs],
            [tf.constant(weight[clips] * factors) for weight in weights],
        )

    model.make_train_function()  # the rest is what Keras' train_on_batch does
    model.reset_metrics()
    data = strategy.experimental_distribute_values_from_function(part)
    logs: dict[str, Any] = model.train_function(iter([data]))
    return logs


def check_compiled(model: Any, xla: bool) -> None:
    """Makes sure that Keras took the order to use XLA; it only warns where it does not.

    Raises:
        KwspipeError: it did not.
    """
    if xla and not model.jit_compile:
        raise KwspipeError(
            "train.xla",
            "true, but Keras cannot compile the network by XLA on this machine",
            "true where TensorFlow has XLA for the device",
            "set train.xla=false",
        )


@contextmanager
def _errors_made_clear(model: Any, clips: int) -> Iterator[None]:
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise KwspipeError(
            "train.batch_size",
            f"the device's memory is too small for a step of {clips} clips ({_first_line(error)})",
            "what fits beside what other jobs hold",
            "run fewer jobs on the device, and the same command goes on at its epoch; or lower train.batch_size, and "
            "training begins anew",
        ) from None
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
        if not model.jit_compile:
            raise
        raise KwspipeError(
            "train.xla",
            f"XLA cannot compile the step: {_first_line(error)}",
            "true for networks and devices that XLA knows",
            "set train.xla=false",
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
