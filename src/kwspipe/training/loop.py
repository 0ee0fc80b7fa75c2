"""Training loop: Adam, one learning rate per epoch. The best epoch is kept, and each epoch can be resumed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.config import ScheduleConfig, TrainConfig
from kwspipe.training import history
from kwspipe.training.averaging import averaged_weights
from kwspipe.training.batches import Batch, DataWaitTimer
from kwspipe.training.compilation import compiled
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.progress import TrainingProgress
from kwspipe.training.rejection import words_at_rejection
from kwspipe.training.schedule import learning_rate
from kwspipe.training.state import EpochResult, TrainingState
from kwspipe.training.step import train_on_batch
from kwspipe.training.targets import make_train_step

MIN_POSTERIOR = 1e-7  # Keras limits posteriors to this value before it computes the logarithm
CLIPS_PER_PREDICTION = 256
SHOWN_REJECTION = (
    0.95  # share of the other words that are rejected where the display counts the keywords found
)


class TrainingLoop:
    """Trains a model and writes the results in a folder.

    Args:
        model: Keras model with its initial weights. If it merges the posteriors of classes, the separate classes are
            trained, and the merged posteriors are validated.
        config: settings of the training.
        schedule: schedule of the learning rate.
        seed: seed of mixup.
        folder: folder of the best weights, history.csv and TensorBoard's logs, and of the state during the training.
        teacher: targets from the speech embedding, or None.
    """

    def __init__(
        self,
        model: Any,
        config: TrainConfig,
        schedule: ScheduleConfig,
        seed: int,
        folder: Path,
        teacher: EmbeddingTargets | None = None,
    ) -> None:
        self.model, self.config, self.schedule, self.folder = model, config, schedule, folder
        self.seed, self.teacher = seed, teacher
        self.trained = compiled(model, config, self._learning_rate(0), teacher)
        self.state = TrainingState(self.trained, model, folder)
        self.history = self.state.resume()
        self._labels: Sequence[str] = ()
        self._words_found: dict[int, float | None] = {}  # by epoch, for the display

    @property
    def next_epoch(self) -> int:
        """Number of the next epoch, counted from 0."""
        return len(self.history)

    @property
    def finished(self) -> bool:
        """True if all epochs are trained, or if no epoch was better for ``early_stop_patience`` epochs."""
        patience = self.config.early_stop_patience
        since_best = self.next_epoch - 1 - self.best.epoch if self.history else 0
        return self.next_epoch >= self.config.epochs or (patience is not None and since_best >= patience)

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
        labels: Sequence[str] = (),
    ) -> None:
        """Trains until ``finished``.

        Args:
            batches: batches from epoch ``next_epoch`` on.
            num_batches: number of batches per epoch.
            weights: (classes,) weight of the loss.
            validation: features (clips, frames, channels) and index of the label, (clips,).
            on_epoch: function called after each epoch. An exception of the function ends the training, which can be
                resumed.
            labels: (labels,) for the number of keywords found, which is displayed only; empty: it is not computed.
        """
        self._labels = labels
        timer = DataWaitTimer(batches)
        with TrainingProgress(self.next_epoch, self.config.epochs, num_batches) as progress:
            while not self.finished:
                epoch = self.next_epoch
                self.trained.optimizer.learning_rate = self._learning_rate(epoch)
                totals = np.zeros(
                    3
                )  # loss with that of the teacher, accuracy and 1, each times the number of clips
                for number in range(num_batches):
                    batch = next(timer)
                    logs = self._step(batch, weights, np.random.default_rng((self.seed, epoch, number)))
                    totals += len(batch.targets) * np.array([logs["loss"], logs[self._accuracy_name], 1])
                    progress.step(epoch)
                loss, accuracy = totals[:2] / totals[2]
                result = self._finish_epoch(epoch, float(loss), float(accuracy), validation)
                self._write_summary(result, timer.share())
                progress.finish_epoch(result, self._words_found.get(epoch), self.best.epoch == epoch)
                if on_epoch:
                    on_epoch(result)
            progress.print_best(self.best, self._words_found.get(self.best.epoch))
            if timer.total_s:
                share = timer.total_waited_s / timer.total_s
                progress.print(f"waited for data {100 * share:.1f} % of {timer.total_s:.0f} s")
        self.state.finish(self.history)

    def _learning_rate(self, epoch: int) -> float:
        return learning_rate(self.schedule, epoch, self.config.epochs)

    def _step(
        self, batch: Batch, weights: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> dict[str, float]:
        features = batch.features[..., None].astype(np.float32)  # (clips, frames, channels, 1)
        teacher = self.teacher.of_clips(batch.numbers) if self.teacher else None
        return train_on_batch(
            self.trained, make_train_step(features, batch.targets, weights, self.config, rng, teacher)
        )

    @property
    def _accuracy_name(self) -> str:
        """Name of the accuracy in Keras, which contains the name of the output if there are two."""
        return f"{self.trained.output_names[0]}_accuracy" if self.teacher else "accuracy"

    def _finish_epoch(
        self, epoch: int, loss: float, accuracy: float, validation: tuple[Any, npt.NDArray[np.int64]]
    ) -> EpochResult:
        """Validates the weights, and saves them if they are the best."""
        with averaged_weights(self.trained):
            result = self._validate(epoch, loss, accuracy, validation)
            self.history.append(result)
            if self.best.epoch == epoch:
                self.state.save_best(epoch)
        self.state.save(self.history, self.best.epoch)
        return result

    def _validate(
        self, epoch: int, loss: float, accuracy: float, validation: tuple[Any, npt.NDArray[np.int64]]
    ) -> EpochResult:
        features, targets = validation
        posteriors = self._predict(features)
        right = posteriors.argmax(axis=1) == targets
        if self._labels:
            found = words_at_rejection(targets, posteriors, self._labels, SHOWN_REJECTION)
            self._words_found[epoch] = found
        true_class = np.clip(posteriors[np.arange(len(targets)), targets], MIN_POSTERIOR, 1)
        return EpochResult(
            epoch=epoch,
            learning_rate=self._learning_rate(epoch),
            loss=loss,
            accuracy=accuracy,
            val_loss=float(-np.log(true_class).mean()),
            val_accuracy=float(right.mean()),
            val_balanced_accuracy=float(
                np.mean([right[targets == label].mean() for label in np.unique(targets)])
            ),
        )

    def _predict(self, features: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Returns the posteriors (clips, labels). ``Model.predict`` would log a dump of a tf.data node per training."""
        inputs = features[..., None].astype(np.float32)
        return np.concatenate(
            [
                self.model.predict_on_batch(inputs[start : start + CLIPS_PER_PREDICTION])
                for start in range(0, len(inputs), CLIPS_PER_PREDICTION)
            ]
        )

    def _write_summary(self, result: EpochResult, data_wait_share: float) -> None:
        """Writes the results for TensorBoard, with the share of time in which the training waited for data.

        history.csv does not contain that share, because it differs between two runs with the same seed.
        """
        if self.config.tensorboard:
            import tensorflow as tf

            writer = tf.summary.create_file_writer(str(self.folder / "logs"))
            with writer.as_default(step=result.epoch + 1):
                for name, value in {**asdict(result), "data_wait_share": data_wait_share}.items():
                    tf.summary.scalar(name, value)
            writer.close()
