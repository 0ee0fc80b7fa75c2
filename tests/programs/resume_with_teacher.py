"""Trains a tiny network with targets from a teacher, uninterrupted and resumed, and prints measurements as JSON.

Argument: a folder for the runs.
"""

import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kwspipe.config import CosineScheduleConfig
from kwspipe.models.layer_names import OUTPUTS, POOLED
from kwspipe.training.batches import Batch
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS, EpochResult
from support.default_settings import train_settings

EPOCHS, CLIPS = 2, 8

folder = Path(sys.argv[1])
tf.config.experimental.enable_op_determinism()
train = train_settings("finetune", epochs=EPOCHS, tensorboard=False)
schedule = CosineScheduleConfig("cosine", 0.05, 0.01, 2)
rng = np.random.default_rng(0)
features = rng.integers(-9, 9, (CLIPS, 6, 4)).astype(np.int8)
labels = np.arange(CLIPS) % 2
teacher = EmbeddingTargets(np.float32(rng.normal(size=(CLIPS, 5))), np.float32(labels), 2.0)


def network() -> keras.Model:
    inputs = keras.Input((6, 4, 1), name="features")
    x = keras.layers.Conv2D(3, 3, name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name=POOLED)(x)
    outputs = keras.layers.Dense(2, activation="softmax", name=OUTPUTS)(x)
    return keras.Model(inputs, outputs, name="tiny")


def interrupt(_: EpochResult) -> None:
    raise InterruptedError


def fit(name: str, on_epoch: Any = None, **changes: Any) -> list[dict[str, float]]:
    settings = {"config": train, "teacher": teacher, "targets": labels} | changes
    keras.utils.set_random_seed(1)
    (folder / name).mkdir(exist_ok=True)
    loop = TrainingLoop(network(), settings["config"], schedule, 1, folder / name, settings["teacher"])
    batches = (
        Batch(epoch, features, settings["targets"], np.arange(CLIPS))
        for epoch in range(loop.next_epoch, EPOCHS)
    )
    loop.run(batches, 1, np.ones(2, np.float32), (features, settings["targets"]), on_epoch)
    return [vars(row) for row in loop.history]


def kernel(name: str) -> np.ndarray:
    model = network()
    model.load_weights(folder / name / WEIGHTS)
    return model.get_layer(OUTPUTS).get_weights()[0]


uninterrupted = fit("uninterrupted")
with contextlib.suppress(InterruptedError):
    fit("resumed", interrupt)
resumed = fit("resumed")
files = [(folder / name / WEIGHTS).read_bytes() for name in ("uninterrupted", "resumed")]

# With a share of 1, the labels do not change the targets.
posteriors = np.float32(rng.dirichlet(np.ones(2), CLIPS))
label_effects = {}
for share in (1.0, 0.5):
    every_clip = replace(
        teacher, weights=np.ones(CLIPS, np.float32), posteriors=posteriors, posteriors_weight=share
    )
    settings = {"config": replace(train, ema_decay=0.0), "teacher": every_clip}
    fit(f"{share}", **settings)
    fit(f"{share}_other_labels", **settings, targets=1 - labels)
    label_effects[share] = float(np.abs(kernel(f"{share}") - kernel(f"{share}_other_labels")).max())
print(
    json.dumps(
        {
            "uninterrupted": uninterrupted,
            "resumed": resumed,
            "same_file": files[0] == files[1],
            "label_effects": label_effects,
        }
    )
)
