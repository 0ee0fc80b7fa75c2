"""Compilation of a network for training: loss, optimizer and the output for the teacher."""

from typing import Any

from kwspipe.config import TrainConfig
from kwspipe.training.distillation import EmbeddingTargets, with_embedding_output


def compiled(model: Any, config: TrainConfig, learning_rate: float, teacher: EmbeddingTargets | None) -> Any:
    """Returns the compiled model to train: the training classes, and the output for the teacher if there is one.

    Args:
        model: Keras model with its initial weights.
        config: settings of the training.
        learning_rate: learning rate of the first epoch.
        teacher: targets from the speech embedding, or None.
    """
    from kwspipe.models.merged_classes import without_merge

    trained = without_merge(model)
    losses, loss_weights, metrics = ["categorical_crossentropy"], [1.0], [["accuracy"]]
    if teacher:
        trained = with_embedding_output(trained, teacher.values.shape[1])
        losses, loss_weights, metrics = (
            [*losses, "mean_squared_error"],
            [*loss_weights, teacher.weight],
            [*metrics, []],
        )
    # By default Keras compiles by XLA on a GPU. XLA guarantees no order of sums, and its speed has not been measured.
    trained.compile(
        _optimizer(config, learning_rate),
        losses,
        loss_weights,
        metrics=metrics,
        weighted_metrics=[],
        jit_compile=False,
    )
    model.jit_compile = False  # for predictions
    # Creates the state that a resumed training loads. In mixed_float16 Keras wraps the optimizer.
    trained.optimizer.build(trained.trainable_variables)
    return trained


def _optimizer(config: TrainConfig, learning_rate: float) -> Any:
    """Returns Adam with decoupled weight decay (AdamW, Loshchilov and Hutter 2019, arXiv:1711.05101)."""
    import keras

    average = {"use_ema": True, "ema_momentum": config.ema_decay} if config.ema_decay else {}
    return keras.optimizers.Adam(learning_rate, weight_decay=config.weight_decay or None, **average)
