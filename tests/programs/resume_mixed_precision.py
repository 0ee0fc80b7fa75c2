"""Trains a small network in mixed precision with a teacher, uninterrupted and resumed, and prints measurements as JSON.

Argument: a folder for the runs.
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from kwspipe import models
from kwspipe.config import CosineScheduleConfig, DsCnnConfig
from kwspipe.training import devices
from kwspipe.training.batches import Batch
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS, EpochResult
from support.default_settings import train_settings

EPOCHS, CLIPS, BATCH_SIZE = 3, 11, 4  # the last batch of an epoch has 3 clips

folder = Path(sys.argv[1])
train = train_settings(
    "finetune", epochs=EPOCHS, batch_size=BATCH_SIZE, ema_decay=0.5, weight_decay=0.01, tensorboard=False,
    precision="mixed_float16",
)  # fmt: skip
schedule = CosineScheduleConfig("cosine", 0.01, 0.1, 0)
placement = devices.prepare(train)
rng = np.random.default_rng(0)
clips = rng.integers(-128, 128, (CLIPS, 8, 6)).astype(np.int8)
targets = rng.integers(0, 3, CLIPS)
with_embedding = (np.arange(CLIPS) % 4 > 0).astype(np.float32)
teacher = EmbeddingTargets(rng.normal(size=(CLIPS, 2)).astype(np.float32), with_embedding, 0.5)


def interrupt(_: EpochResult) -> None:
    raise InterruptedError


def fit(name: str, on_epoch: Any = None) -> TrainingLoop:
    (folder / name).mkdir(exist_ok=True)
    keras.utils.set_random_seed(1)
    model = models.build(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)
    loop = TrainingLoop(model, train, schedule, 1, folder / name, teacher)
    numbers = [np.arange(CLIPS)[start : start + BATCH_SIZE] for start in range(0, CLIPS, BATCH_SIZE)]
    batches = (
        Batch(epoch, clips[some], targets[some], some)
        for epoch in range(loop.next_epoch, EPOCHS)
        for some in numbers
    )
    loop.run(batches, len(numbers), np.array([1, 2, 0.5], np.float32), (clips, targets), on_epoch)
    return loop


def arrays(name: str) -> dict[str, np.ndarray]:
    values: dict[str, np.ndarray] = {}

    def add(path: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            values[path] = item[()]

    with h5py.File(folder / name / WEIGHTS) as file:
        file.visititems(add)
    return values


uninterrupted = fit("uninterrupted")
with contextlib.suppress(InterruptedError):
    fit("resumed", interrupt)
fit("resumed")
one, two = arrays("uninterrupted"), arrays("resumed")
trained = uninterrupted.trained
averages = trained.optimizer.inner_optimizer._model_variables_moving_average
print(
    json.dumps(
        {
            "placement": str(placement),
            "policy": uninterrupted.model.layers[1].compute_dtype,
            "softmax": str(uninterrupted.model(clips[..., None].astype(np.float32)).dtype),
            "optimizer": type(trained.optimizer).__name__,
            "average_difference": max(
                float(np.abs(average.numpy() - variable.numpy()).max())
                for average, variable in zip(averages, trained.trainable_variables, strict=False)
            ),
            "dtypes": sorted({str(array.dtype) for array in one.values()}),
            "finite": all(bool(np.isfinite(array).all()) for array in one.values()),
            "epochs": len(uninterrupted.history),
            "resumed_equal": one.keys() == two.keys()
            and all(np.array_equal(one[key], two[key]) for key in one),
        }
    )
)
