"""The network made ready to be trained: its loss, its optimizer, the teacher's output where there is one."""

from typing import Any

from kwspipe.config import TrainConfig
from kwspipe.training.distillation import EmbeddingTargets, with_teacher
from kwspipe.training.step import check_compiled


def compiled(model: Any, config: TrainConfig, learning_rate: float, lesson: EmbeddingTargets | None) -> Any:
    """Returns what is trained: the model, by its classes, with the teacher's output where there is one.

    Args:
        model: Keras model, weights already set, inside its strategy's scope where there is one.
        config: the loop's settings.
        learning_rate: to begin with.
        lesson: what the teacher says of the clips, if there is one.
    """
    from kwspipe.models.merged_classes import without_merge

    trained = without_merge(model)
    losses, parts, metrics = ["categorical_crossentropy"], [1.0], [["accuracy"]]
    if lesson:
        trained = with_teacher(trained, lesson.targets.shape[1])
        losses, parts, metrics = [*losses, "mean_squared_error"], [*parts, lesson.weight], [*metrics, []]
    trained.compile(
        _optimizer(config, learning_rate),
        losses,
        parts,
        metrics=metrics,
        weighted_metrics=[],
        jit_compile=config.xla,
    )
    model.jit_compile = config.xla  # of predictions; on a GPU, Keras would choose by itself
    check_compiled(trained, config.xla)
    # So that there is a state to restore. In mixed_float16 it is not the optimizer above, but one around it.
    trained.optimizer.build(trained.trainable_variables)
    return trained


def _optimizer(config: TrainConfig, learning_rate: float) -> Any:
    """Returns Adam with decoupled weight decay (AdamW, Loshchilov and Hutter 2019, arXiv:1711.05101)."""
    import keras

    average = {"use_ema": True, "ema_momentum": config.ema_decay} if config.ema_decay else {}
    return keras.optimizers.Adam(learning_rate, weight_decay=config.weight_decay or None, **average)
