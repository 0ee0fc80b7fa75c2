"""train: fits the network on the prepared clips, from a checkpoint or from scratch; keeps the best epoch."""

import shutil
from dataclasses import replace
from pathlib import Path

from kwspipe import augment
from kwspipe.config import PipelineConfig
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.labels import ClassTable
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.training import devices, embedding_teacher
from kwspipe.training.batches import TrainingBatches
from kwspipe.training.distillation import EmbeddingTargets, embedding_targets
from kwspipe.training.features import split_features
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.pruning import pruning_callback
from kwspipe.training.state import HISTORY, STATE
from kwspipe.training.targets import class_weights
from kwspipe.training.training_classes import assign_training_classes
from kwspipe.transfer.checkpoint_check import check_checkpoint
from kwspipe.transfer.class_table_file import write_classes
from kwspipe.transfer.frontend_check import frontend_differences
from kwspipe.transfer.layers import apply
from kwspipe.transfer.report import print_report
from kwspipe.transfer.source import checkpoint_hash, locate


def check(config: PipelineConfig) -> None:
    """Checks the transforms of augmentation, the checkpoint and the teacher.

    Raises:
        KwspipeError: training cannot start with the configured transforms, checkpoint or teacher.
    """
    augment.check(config.augment.transforms, config.dataset.words)
    check_checkpoint(config)
    if config.distill.name == "speech_embedding":
        embedding_teacher.check(config.frontend.sample_rate_hz)


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes model.weights.h5, classes.json, history.csv, transfer.json and TensorBoard's logs in ``folder``."""
    if not (folder / HISTORY).is_file():
        prepared, train = run_dir / "prepare", config.train
        classes, targets = assign_training_classes(ClipStore(prepared), train.num_auxiliary_word_classes)
        teacher = embedding_targets(config, prepared, targets, len(classes.names))
        # The workers start first, while TensorFlow is imported and the network is built.
        with TrainingBatches(
            prepared,
            config.frontend,
            config.augment,
            train.batch_size,
            config.seed,
            train.workers,
            targets,
        ) as batches:
            _fit(config, prepared, folder, batches, classes, teacher)
    shutil.rmtree(folder / STATE, ignore_errors=True)


def _fit(
    config: PipelineConfig,
    prepared: Path,
    folder: Path,
    batches: TrainingBatches,
    classes: ClassTable,
    teacher: EmbeddingTargets | None,
) -> None:
    import keras

    from kwspipe import models
    from kwspipe.models.merged_classes import without_merge

    placement = devices.prepare(config.train)
    keras.utils.set_random_seed(config.seed)
    store = ClipStore(prepared)
    validation = split_features(store, config.frontend, "validation")
    if not len(validation[1]):
        raise KwspipeError(
            "dataset",
            "no clips for validation",
            "at least one clip of a speaker kept for validation",
            "add recordings of other speakers, or raise dataset.validation_fraction",
        )
    model = models.build_merged(config.model, validation[0].shape[1:], classes.labels)
    checkpoint = locate(config.transfer, config.model.name)
    report = apply(without_merge(model).layers, config.transfer, checkpoint, classes.names)
    loop = TrainingLoop(model, config.train, config.schedule, config.seed, folder, teacher)
    write_classes(folder, classes)
    report = replace(report, other_features=frontend_differences(checkpoint, config.frontend))
    write_json(folder / "transfer.json", report.as_mapping())
    print_report(report)
    placement.announce()
    placement.note(folder, loop.next_epoch)
    weights = class_weights(store.targets[batches.numbers], len(store.labels), config.train.class_weights)
    ahead = batches.epochs(loop.next_epoch, config.train.epochs)
    weights = weights[list(classes.labels)]
    loop.run(ahead, batches.num_batches, weights, validation, pruning_callback(), store.labels)


STAGE = Stage(
    name="train",
    reads=("seed", "frontend", "augment", "model", "transfer", "distill", "schedule", "train"),
    needs=("prepare",),
    run=run,
    check=check,
    sources=lambda config: (
        checkpoint_hash(config.transfer, config.model.name) | augment.sources(config.augment.transforms)
    ),
    resumable=True,
)
