"""Benchmark of training with augmentation and of the pipeline, on generated recordings.

The duration is that of real recordings of the same number and length.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from bench_entry import MLTK, Entry, entry
from bench_model import experiment
from bench_sounds import REPOSITORY, write_recordings, write_store

from kwspipe.config import PipelineConfig
from kwspipe.files.process import call_in_process, redirect_native_stderr

BATCH_SIZE = 32
EPOCHS = 3
STORED_CLIPS = 1000
MLTK_TRAINED_CLIPS_PER_SECOND = 450.7
"""Steps of 71 ms with 32 clips, TensorFlow 2.16."""
MLTK_PIPELINE_S = 344.0
"""5 min 44 s for training, conversion and evaluation: one, two, three, 250 clips per class, 10 epochs, transfer."""
WORDS, CLIPS_PER_WORD, PIPELINE_EPOCHS = ("one", "two", "three"), 250, 10


def measure_training() -> Entry:
    """Returns the entry of training with augment=noisy, in clips per second after the first epoch."""
    config = experiment(
        f"train.epochs={EPOCHS}", f"train.batch_size={BATCH_SIZE}", "train.tensorboard=false", "augment=noisy"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_store(folder / "prepare", STORED_CLIPS)
        (folder / "train").mkdir()
        value = call_in_process(_train, config, folder)
        reference = call_in_process(_fit, config, folder)
    return entry(
        "train_clips_per_second",
        value,
        "clips/s",
        reference,
        "keras' fit of the same network on precomputed features, without augmentation",
        MLTK_TRAINED_CLIPS_PER_SECOND,
        MLTK,
    )


def measure_pipeline() -> Entry:
    """Returns the entry of prepare, train, quantize and evaluate, measured in the same way as that of the peer."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_recordings(folder / "speech", (*WORDS, "bed", "cat", "dog", "tree"), CLIPS_PER_WORD)
        overrides = [
            "+experiment=digits_3", f"run_dir={folder}/run", "dataset=folder", f"dataset.root={folder}/speech",
            "dataset.unknown_class_percentage=1.0", f"train.epochs={PIPELINE_EPOCHS}", "train.batch_size=16",
            "quantize.count_instructions=false", "quantize.max_accuracy_drop=1.0",
            "stages=[prepare,train,quantize,evaluate]",
        ]  # fmt: skip
        start_s = time.perf_counter()
        subprocess.run([sys.executable, "-m", "kwspipe", *overrides], check=True, cwd=REPOSITORY)
        value = time.perf_counter() - start_s
    peer_is = f"{MLTK}; with real recordings"
    return entry("pipeline_seconds", value, "s", None, "", MLTK_PIPELINE_S, peer_is, lower_is_better=True)


def _train(config: PipelineConfig, folder: Path) -> float:
    """Runs the stage train and returns clips per second from the second epoch on, including validation."""
    redirect_native_stderr(folder / "native.log")
    from kwspipe.stages import train
    from kwspipe.training.batches import Batch, TrainingBatches

    times: list[tuple[float, int, int]] = []  # time, epoch and clips of each batch

    class TimedBatches(TrainingBatches):
        def epochs(self, first: int, end: int) -> Iterator[Batch]:
            for batch in super().epochs(first, end):
                times.append((time.perf_counter(), batch.epoch, len(batch.targets)))
                yield batch

    with mock.patch.object(train, "TrainingBatches", TimedBatches):
        train.run(config, folder, folder / "train")
    steady = [(time_s, clips) for time_s, epoch, clips in times if epoch > 0]
    return sum(clips for _, clips in steady[:-1]) / (steady[-1][0] - steady[0][0])


def _fit(config: PipelineConfig, folder: Path) -> float:
    """Trains the network with Keras on precomputed features and returns clips per second."""
    redirect_native_stderr(folder / "native.log")
    import keras

    from kwspipe import models
    from kwspipe.dataset.store.clip_store import ClipStore
    from kwspipe.training.features import plain_features

    store = ClipStore(folder / "prepare")
    numbers = store.select("training")
    features = plain_features(store, config.frontend, numbers)[..., None].astype(np.float32)
    model = models.build(config.model, features.shape[1:3], len(store.labels))
    model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    times_s: list[float] = []
    timer = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: times_s.append(time.perf_counter()))
    model.fit(
        features, store.targets[numbers], batch_size=BATCH_SIZE, epochs=EPOCHS, callbacks=[timer], verbose=0
    )
    return len(numbers) * (EPOCHS - 1) / (times_s[-1] - times_s[0])


if __name__ == "__main__":
    print(measure_training(), measure_pipeline(), sep="\n")
