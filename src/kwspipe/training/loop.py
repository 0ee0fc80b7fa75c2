"""The training loop: adam, one learning rate an epoch, the best epoch kept, resumable after every epoch."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kwspipe.config import ScheduleConfig, TrainConfig
from kwspipe.training import history
from kwspipe.training.averaging import averaged_weights
from kwspipe.training.compilation import compiled
from kwspipe.training.data import Batch, DataWaitTimer
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.schedule import learning_rate
from kwspipe.training.state import EpochResult, TrainingState
from kwspipe.training.step import train_on_batch
from kwspipe.training.targets import make_train_step

SMALLEST_POSTERIOR = 1e-7  # Keras clips there too before it takes the logarithm


class TrainingLoop:
    """Trains a model into a folder.

    Args:
        model: Keras model, weights already set: what is taught and judged. Where it adds the posteriors of classes up,
            they are what is taught.
        config: the loop's settings.
        schedule: of the learning rate.
        seed: decides which clips mixup mixes.
        folder: receives the best weights, history.csv, TensorBoard's logs, and meanwhile the state to resume from.
        lesson: what the speech embedding says of the clips, if it is a teacher.
    """

    def __init__(
        self,
        model: Any,
        config: TrainConfig,
        schedule: ScheduleConfig,
        seed: int,
        folder: Path,
        lesson: EmbeddingTargets | None = None,
    ) -> None:
        self.model, self.config, self.schedule, self.folder = model, config, schedule, folder
        self.seed, self.lesson = seed, lesson
        self.trained = compiled(model, config, self._rate(0), lesson)
        self.state = TrainingState(self.trained, model, folder)
        self.history = self.state.resume()

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
        on_epoch: Callable[[EpochResult], None] | None = None,
    ) -> None:
        """Trains until finished.

        Args:
            batches: from ``next_epoch`` on.
            num_batches: of an epoch.
            weights: of the classes.
            validation: features (clips, frames, channels) and their labels (clips,).
            on_epoch: called after each; what it raises ends the training, which can be gone on with.
        """
        columns = (
            TextColumn("    {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        monitor = self.config.monitor
        waits = DataWaitTimer(batches)
        shown = (*columns, TextColumn("{task.fields[result]}"))
        with Progress(*shown, console=Console(stderr=True)) as progress:
            done, total = self.next_epoch * num_batches, self.config.epochs * num_batches
            task = progress.add_task("first step takes a while", total=total, completed=done, result="")
            while not self.finished:
                epoch = self.next_epoch
                self.trained.optimizer.learning_rate = self._rate(epoch)
                totals = np.zeros(3)  # loss (with the teacher's), accuracy, 1, each times clips
                for number in range(num_batches):
                    batch = next(waits)
                    logs = self._step(batch, weights, np.random.default_rng((self.seed, epoch, number)))
                    totals += len(batch.targets) * np.array([logs["loss"], logs[self._accuracy], 1])
                    progress.update(task, advance=1, description=f"epoch {epoch + 1}/{self.config.epochs}")
                loss, accuracy = totals[:2] / totals[2]
                result = self._conclude_epoch(epoch, float(loss), float(accuracy), validation)
                self._log(result, waits.share())
                if on_epoch:
                    on_epoch(result)
                progress.update(task, result=f"{monitor} {getattr(result, monitor):.3f}")
            if waits.total_s:
                share = waits.total_waited_s / waits.total_s
                progress.print(f"    waited for data {share:.1%} of {waits.total_s:.0f} s")
        self.state.conclude(self.history)

    def _rate(self, epoch: int) -> float:
        return learning_rate(self.schedule, epoch, self.config.epochs)

    def _step(
        self, batch: Batch, weights: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> dict[str, float]:
        features = batch.features[..., None].astype(np.float32)  # (clips, frames, channels, 1)
        taught = self.lesson.of(batch.numbers) if self.lesson else None
        step = make_train_step(features, batch.targets, weights, self.config, rng, taught)
        return train_on_batch(self.trained, step)

    @property
    def _accuracy(self) -> str:
        """The name Keras gives the accuracy: with two outputs it says of which."""
        return f"{self.trained.output_names[0]}_accuracy" if self.lesson else "accuracy"

    def _conclude_epoch(
        self, epoch: int, loss: float, accuracy: float, validation: tuple[Any, npt.NDArray[np.int64]]
    ) -> EpochResult:
        """Validates, and keeps the weights if they are the best so far."""
        with averaged_weights(self.trained):
            result = self._validated(epoch, loss, accuracy, validation)
            self.history.append(result)
            if self.best.epoch == epoch:
                self.state.keep_best(epoch)
        self.state.keep(self.history, self.best.epoch)
        return result

    def _validated(
        self,
        epoch: int,
        loss: float,
        accuracy: float,
        validation: tuple[Any, npt.NDArray[np.int64]],
    ) -> EpochResult:
        features, targets = validation
        posteriors = self.model.predict(features[..., None].astype(np.float32), batch_size=256, verbose=0)
        right = posteriors.argmax(axis=1) == targets
        true_class = np.clip(posteriors[np.arange(len(targets)), targets], SMALLEST_POSTERIOR, 1)
        return EpochResult(
            epoch=epoch,
            learning_rate=self._rate(epoch),
            loss=loss,
            accuracy=accuracy,
            val_loss=float(-np.log(true_class).mean()),
            val_accuracy=float(right.mean()),
            val_balanced_accuracy=float(
                np.mean([right[targets == label].mean() for label in np.unique(targets)])
            ),
        )

    def _log(self, result: EpochResult, data_wait_share: float) -> None:
        if self.config.tensorboard:
            import tensorflow as tf

            writer = tf.summary.create_file_writer(str(self.folder / "logs"))
            with writer.as_default(step=result.epoch):
                # How long training waited is told here and not in history.csv: two runs of one seed differ in it.
                for name, value in {**asdict(result), "data_wait_share": data_wait_share}.items():
                    tf.summary.scalar(name, value)
            writer.close()
