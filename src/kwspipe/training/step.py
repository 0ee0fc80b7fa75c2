"""One training step."""

from typing import Any

from kwspipe.errors import KwspipeError
from kwspipe.training.targets import Step


def train_on_batch(model: Any, step: Step) -> dict[str, float]:
    """Trains a compiled model on one batch.

    Args:
        model: compiled Keras model.
        step: inputs and targets.

    Returns:
        The figures of Keras for the batch: loss and accuracy.

    Raises:
        KwspipeError: the memory of the device is too small for the batch.
    """
    import tensorflow as tf

    batch = step.features, list(step.outputs), list(step.weights)
    if model.train_function is None:
        # Creates the variables of the metrics. If the step creates them, TensorFlow traces it twice, which takes 5 s of
        # the 12 s of mobilenet_v2.
        model._symbolic_build(data_batch=batch)
    try:
        logs = model.train_on_batch(*batch, return_dict=True)
    except tf.errors.ResourceExhaustedError as error:
        first_line = str(error).strip().splitlines()[0][:200]
        raise KwspipeError(
            "train.batch_size",
            f"the memory of the device is too small for a step of {len(step.features)} clips ({first_line})",
            "a batch that fits into the memory that other jobs leave free",
            "run fewer jobs on the device and repeat the command, which resumes the training. Or lower "
            "train.batch_size, which restarts the training",
        ) from None
    return {name: float(value) for name, value in logs.items()}
