"""The training loop: adam, one learning rate an epoch, the best epoch kept, resumable after every epoch."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kwspipe.artifacts import write_json
from kwspipe.config import ScheduleConfig, TrainConfig
from kwspipe.schedule import learning_rate
from kwspipe.training import history
from kwspipe.training.data import Batch, Waits

WEIGHTS = "model.weights.h5"
HISTORY = "history.csv"
SMALLEST_POSTERIOR = 1e-7  # Keras clips there too before it takes the logarithm
STATE = "state"


@dataclass(frozen=True)
class EpochResult:
    """A row of history.csv."""

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_balanced_accuracy: float
    data_wait_share: float


def class_weights(targets: npt.NDArray[np.int64], num_classes: int, kind: str) -> npt.NDArray[np.float32]:
    """Returns a weight a class, (num_classes,): clips / (num_classes * clips of the class) where balanced.

    This is scikit-learn's rule for ``class_weight="balanced"``; a class with no clips weighs 0.
    """
    if kind == "none":
        return np.ones(num_classes, np.float32)
    counts = np.bincount(targets, minlength=num_classes)
    return np.where(counts > 0, len(targets) / (num_classes * np.maximum(counts, 1)), 0).astype(np.float32)


class TrainingLoop:
    """Trains a model into a folder.

    Args:
        model: Keras model, weights already set.
        config: the loop's settings.
        schedule: of the learning rate.
        folder: receives the best weights, history.csv, TensorBoard's logs, and meanwhile the state to resume from.
    """

    def __init__(self, model: Any, config: TrainConfig, schedule: ScheduleConfig, folder: Path) -> None:
        import keras

        self.model, self.config, self.schedule, self.folder = model, config, schedule, folder
        self.history: list[EpochResult] = []
        optimizer = keras.optimizers.Adam(learning_rate(schedule, 0))
        model.compile(optimizer, "sparse_categorical_crossentropy", weighted_metrics=[], metrics=["accuracy"])
        optimizer.build(model.trainable_variables)  # so that there is a state to restore
        self._resume()

    @property
    def next_epoch(self) -> int:
        """The epoch to go on with, counted from 0."""
        return len(self.history)

    @property
    def finished(self) -> bool:
        """All epochs done, or none better for ``early_stop_patience`` epochs."""
        patience = self.config.early_stop_patience
        waited = self.next_epoch - 1 - self.best.epoch if self.history else 0
        return self.next_epoch >= self.config.epochs or (patience is not None and waited >= patience)

    @property
    def best(self) -> EpochResult:
        """The best epoch by the monitored metric."""
        return self.history[history.best([asdict(row) for row in self.history], self.config.monitor)]

    def run(
        self,
        batches: Iterator[Batch],
        num_batches: int,
        weights: npt.NDArray[np.float32],
        validation: tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]],
    ) -> None:
        """Trains until finished.

        Args:
            batches: from ``next_epoch`` on.
            num_batches: of an epoch.
            weights: of the classes.
            validation: features (clips, frames, channels) and targets (clips,).
        """
        columns = (
            TextColumn("    {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        monitor = self.config.monitor
        waits = Waits(batches)
        shown = (*columns, TextColumn("{task.fields[result]}"))
        with Progress(*shown, console=Console(stderr=True)) as progress:
            done, total = self.next_epoch * num_batches, self.config.epochs * num_batches
            task = progress.add_task("first step takes a while", total=total, completed=done, result="")
            while not self.finished:
                epoch = self.next_epoch
                self.model.optimizer.learning_rate = learning_rate(self.schedule, epoch)
                totals = np.zeros(3)  # loss, accuracy, 1, each times clips
                for _ in range(num_batches):
                    batch = next(waits)
                    logs = self._step(batch, weights)
                    totals += len(batch.targets) * np.array([logs["loss"], logs["accuracy"], 1])
                    progress.update(task, advance=1, description=f"epoch {epoch + 1}/{self.config.epochs}")
                loss, accuracy = totals[:2] / totals[2]
                result = self._validated(epoch, float(loss), float(accuracy), waits.share(), validation)
                self._keep(result)
                progress.update(task, result=f"{monitor} {getattr(result, monitor):.3f}")
            if waits.total_s:
                share = waits.total_waited_s / waits.total_s
                progress.print(f"    waited for data {share:.1%} of {waits.total_s:.0f} s")
        self._conclude()

    def _step(self, batch: Batch, weights: npt.NDArray[np.float32]) -> dict[str, float]:
        features = batch.features[..., None].astype(np.float32)  # (clips, frames, channels, 1)
        logs: dict[str, float] = self.model.train_on_batch(
            features, batch.targets, sample_weight=weights[batch.targets], return_dict=True
        )
        return logs

    def _validated(
        self,
        epoch: int,
        loss: float,
        accuracy: float,
        data_wait_share: float,
        validation: tuple[Any, npt.NDArray[np.int64]],
    ) -> EpochResult:
        features, targets = validation
        posteriors = self.model.predict(features[..., None].astype(np.float32), batch_size=256, verbose=0)
        right = posteriors.argmax(axis=1) == targets
        true_class = np.clip(posteriors[np.arange(len(targets)), targets], SMALLEST_POSTERIOR, 1)
        return EpochResult(
            epoch=epoch,
            learning_rate=learning_rate(self.schedule, epoch),
            loss=loss,
            accuracy=accuracy,
            val_loss=float(-np.log(true_class).mean()),
            val_accuracy=float(right.mean()),
            val_balanced_accuracy=float(
                np.mean([right[targets == label].mean() for label in np.unique(targets)])
            ),
            data_wait_share=data_wait_share,
        )

    def _keep(self, result: EpochResult) -> None:
        """Writes the state to resume from; a kill at any moment leaves the last or this epoch's state, whole."""
        self.history.append(result)
        state = self.folder / STATE
        state.mkdir(exist_ok=True)
        last = f"epoch_{result.epoch}.weights.h5"
        self.model.save_weights(state / last)  # with the optimizer's variables
        kept = {last}
        best = f"best_{self.best.epoch}.weights.h5"
        if self.best.epoch == result.epoch:
            _save_weights_only(self.model, state / best)
        kept.add(best)
        write_json(
            state / "state.json", {"last": last, "best": best, "history": [asdict(r) for r in self.history]}
        )
        for file in state.glob("*.weights.h5"):
            if file.name not in kept:
                file.unlink()
        self._log(result)

    def _resume(self) -> None:
        path = self.folder / STATE / "state.json"
        if path.is_file():
            state = json.loads(path.read_text())
            self.model.load_weights(path.parent / state["last"])
            self.history = [EpochResult(**row) for row in state["history"]]

    def _log(self, result: EpochResult) -> None:
        if self.config.tensorboard:
            import tensorflow as tf

            writer = tf.summary.create_file_writer(str(self.folder / "logs"))
            with writer.as_default(step=result.epoch):
                for name, value in asdict(result).items():
                    tf.summary.scalar(name, value)
            writer.close()

    def _conclude(self) -> None:
        """Leaves the best weights and the history; history.csv, written last, says that training is over."""
        state = self.folder / STATE
        names = json.loads((state / "state.json").read_text())
        shutil.copyfile(state / names["best"], self.folder / WEIGHTS)
        temporary = state / HISTORY
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(asdict(self.history[0])))
            writer.writeheader()
            writer.writerows(asdict(row) for row in self.history)
        temporary.replace(self.folder / HISTORY)


def _save_weights_only(model: Any, path: Path) -> None:
    """Saves without the optimizer's variables, which only resuming needs."""
    optimizer, model.optimizer = model.optimizer, None
    try:
        model.save_weights(path)
    finally:
        model.optimizer = optimizer
