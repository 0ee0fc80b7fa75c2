"""Measures training with augmentation, and the whole pipeline, on generated recordings.

What is learned from them is of no interest; what it takes is that of real recordings as many and as long.
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
"""32 clips a step of 71 ms, TensorFlow 2.16."""
MLTK_PIPELINE_S = 344.0
"""5 min 44 s for one, two, three, 250 clips a class, 10 epochs, transfer: training, conversion, evaluation."""
WORDS, CLIPS_PER_WORD, PIPELINE_EPOCHS = ("one", "two", "three"), 250, 10


def measure_training() -> Entry:
    """Returns the entry of training with augmentation noisy, clips a second after the first epoch."""
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
        "keras' fit of the same network on features made beforehand, without augmentation",
        MLTK_TRAINED_CLIPS_PER_SECOND,
        MLTK,
    )


def measure_pipeline() -> Entry:
    """Returns the entry of prepare, train, quantize and evaluate, as the peer's figure was measured."""
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
    peer_is = f"{MLTK}; its data was real"
    return entry("pipeline_seconds", value, "s", None, "", MLTK_PIPELINE_S, peer_is, lower_is_better=True)


def _train(config: PipelineConfig, folder: Path) -> float:
    """Runs the stage train and returns its clips a second from the second epoch on, validation included."""
    redirect_native_stderr(folder / "native.log")
    from kwspipe.stages import train
    from kwspipe.training.data import Batch, TrainingBatches

    taken: list[tuple[float, int, int]] = []

    class NotedBatches(TrainingBatches):
        def epochs(self, first: int, end: int) -> Iterator[Batch]:
            for batch in super().epochs(first, end):
                taken.append((time.perf_counter(), batch.epoch, len(batch.targets)))
                yield batch

    with mock.patch.object(train, "TrainingBatches", NotedBatches):
        train.run(config, folder, folder / "train")
    steady = [(time_s, clips) for time_s, epoch, clips in taken if epoch > 0]
    return sum(clips for _, clips in steady[:-1]) / (steady[-1][0] - steady[0][0])


def _fit(config: PipelineConfig, folder: Path) -> float:
    redirect_native_stderr(folder / "native.log")
    import keras

    from kwspipe import models
    from kwspipe.dataset.store.clip_store import ClipStore
    from kwspipe.training.data import plain_features

    store = ClipStore(folder / "prepare")
    numbers = store.select("training")
    features = plain_features(store, config.frontend, numbers)[..., None].astype(np.float32)
    model = models.build(config.model, features.shape[1:3], len(store.labels))
    model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    times_s: list[float] = []
    noted = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: times_s.append(time.perf_counter()))
    model.fit(
        features, store.targets[numbers], batch_size=BATCH_SIZE, epochs=EPOCHS, callbacks=[noted], verbose=0
    )
    return len(numbers) * (EPOCHS - 1) / (times_s[-1] - times_s[0])


if __name__ == "__main__":
    print(measure_training(), measure_pipeline(), sep="\n")
