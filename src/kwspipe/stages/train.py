"""train: fits the network on the prepared clips, from a checkpoint or from scratch; keeps the best epoch."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from kwspipe import augment
from kwspipe.artifacts import write_json
from kwspipe.config import PipelineConfig
from kwspipe.dataset.store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.stages import Stage
from kwspipe.sweep.trial import reporter
from kwspipe.training import devices, teacher_networks
from kwspipe.training.classes import Classes, taught
from kwspipe.training.data import TrainingBatches, split_features
from kwspipe.training.distillation import Lesson, lesson
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import HISTORY, STATE
from kwspipe.training.targets import class_weights
from kwspipe.transfer import TransferReport, apply, checkpoint_hash, locate
from kwspipe.transfer_frontend import differences


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves model.weights.h5, classes.json, history.csv, transfer.json and TensorBoard's logs in ``folder``."""
    if not (folder / HISTORY).is_file():
        prepared, train = run_dir / "prepare", config.train
        classes, targets = taught(ClipStore(prepared), train.other_words_apart)
        said = lesson(config, prepared, targets, len(classes.names))
        # First of all: its workers start while TensorFlow is imported and the network is built.
        with TrainingBatches(
            prepared,
            config.frontend,
            config.augment,
            train.batch_size,
            config.seed,
            train.workers,
            train.sampling,
            targets,
        ) as batches:
            _fit(config, prepared, folder, batches, classes, said)
    shutil.rmtree(folder / STATE, ignore_errors=True)


def _fit(
    config: PipelineConfig,
    prepared: Path,
    folder: Path,
    batches: TrainingBatches,
    classes: Classes,
    said: Lesson | None,
) -> None:
    import keras

    from kwspipe import models
    from kwspipe.models.ends import unfolded

    placement = devices.prepare(config.train)
    keras.utils.set_random_seed(config.seed)
    store = ClipStore(prepared)
    validation = split_features(store, config.frontend, "validation")
    if not len(validation[1]):
        raise KwspipeError(
            "dataset",
            "no clips for validation",
            "at least one clip of a speaker kept for validation",
            "add recordings of other speakers, or raise dataset.validation_percentage",
        )
    with placement.scope():
        model = models.build_folded(config.model, validation[0].shape[1:], classes.labels)
        checkpoint = locate(config.transfer, config.model.name)
        report = apply(unfolded(model).layers, config.transfer, checkpoint, classes.names)
        teachers = teacher_networks.built(config, validation[0].shape[1:], classes)
        loop = TrainingLoop(model, config.train, config.schedule, config.seed, folder, said, teachers)
    classes.write(folder)
    report = replace(report, other_features=differences(checkpoint, config.frontend))
    write_json(folder / "transfer.json", report.as_mapping())
    _print_report(report)
    placement.announce()
    placement.note(folder, loop.next_epoch)
    weights = class_weights(batches.targets[batches.numbers], store.labels, config.train.class_weights)
    ahead = batches.epochs(loop.next_epoch, config.train.epochs)
    loop.run(ahead, batches.num_batches, weights[list(classes.labels)], validation, reporter())


def _print_report(report: TransferReport) -> None:
    console = Console(stderr=True, highlight=False)
    if report.checkpoint is None:
        console.print("    from scratch: no weights were loaded")
        return
    total = len(report.loaded) + len(report.skipped)
    console.print(f"    from {report.checkpoint}: {len(report.loaded)} of {total} layers loaded")
    for name, reason in report.skipped.items():
        console.print(f"      {name} skipped: {reason}")
    for name, (seen, here) in report.other_features.items():
        console.print(f"      [yellow]it was trained with frontend.{name}={seen}, here it is {here}[/]")
    if report.other_features:
        console.print("      [yellow]on other features it knows little: take its own, or transfer=none[/]")
    if report.words:
        console.print(f"      outputs taken over: {' '.join(report.words)}")
    if report.frozen:
        console.print(f"      frozen: {json.dumps(report.frozen)}")


STAGE = Stage(
    name="train",
    reads=("seed", "frontend", "augment", "model", "transfer", "distill", "schedule", "train"),
    needs=("prepare",),
    run=run,
    sources=lambda config: (
        checkpoint_hash(config.transfer, config.model.name)
        | augment.sources(config.augment.transforms)
        | teacher_networks.check(config)
    ),
    resumable=True,
)
