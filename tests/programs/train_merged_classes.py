"""Trains and converts networks in which several classes have the same label, and prints measurements as JSON.

Argument: a folder for the runs, model.tflite and vectors.npz.
"""

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kwspipe import models
from kwspipe.config import CosineScheduleConfig, DsCnnConfig
from kwspipe.models.layer_names import OTHER_WORDS, OUTPUTS
from kwspipe.models.merged_classes import merge_classes, without_merge
from kwspipe.tflite.conversion import to_float, to_int8
from kwspipe.training.batches import Batch
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS
from support.default_settings import train_settings

NETWORK = DsCnnConfig("ds_cnn", 8, 1, 2, 0.9)
LABELS = (0, 1, 2, 1, 1, 1)  # of a keyword, other words, silence, and three auxiliary classes of other words

folder = Path(sys.argv[1])
train = train_settings("finetune", epochs=2, ema_decay=0.5, tensorboard=False)
schedule = CosineScheduleConfig("cosine", 0.05, 0.1, 0)
rng = np.random.default_rng(0)
clips = rng.integers(-128, 128, (24, 8, 6)).astype(np.int8)
clips[0, 0, 0], clips[0, 0, 1] = -128, 127
classes = np.arange(24) % 6
labels = np.array(LABELS)[classes]
teacher = EmbeddingTargets(rng.normal(size=(24, 2)).astype(np.float32), np.ones(24, np.float32), 0.5)


def network(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return models.build_merged(NETWORK, (8, 6), LABELS)


def posteriors(model: keras.Model) -> np.ndarray:
    return model(clips[..., None].astype(np.float32)).numpy()


def merge_matrix(model: keras.Model) -> np.ndarray:
    return model.get_layer(OTHER_WORDS).get_weights()[0]


def merge_error(model: keras.Model) -> float:
    """Returns the largest difference between the outputs and the sums of the posteriors of the classes."""
    by_class = posteriors(without_merge(model))
    sums = np.stack([by_class[:, np.array(LABELS) == label].sum(axis=1) for label in range(3)], axis=1)
    return float(np.abs(posteriors(model) - sums).max())


def fit(name: str, targets: EmbeddingTargets | None) -> tuple[keras.Model, dict[str, Any]]:
    """Trains a network. Returns a new network with the stored weights, and measurements."""
    (folder / name).mkdir()
    model = network(1)
    before = model.get_layer(OUTPUTS).get_weights()[0]
    loop = TrainingLoop(model, train, schedule, 1, folder / name, targets)
    batches = (
        Batch(epoch, clips[begin : begin + 8], classes[begin : begin + 8], np.arange(24)[begin : begin + 8])
        for epoch in range(2)
        for begin in range(0, 24, 8)
    )
    loop.run(batches, 3, np.ones(6, np.float32), (clips, labels))
    stored = network(2)
    stored.load_weights(folder / name / WEIGHTS)
    outputs = posteriors(stored)
    return stored, {
        "trained_shape": loop.trained.output_shape,
        "trained_layers": [layer.name for layer in loop.trained.layers],
        "change": float(np.abs(stored.get_layer(OUTPUTS).get_weights()[0] - before).max()),
        "matrices": [merge_matrix(model).tolist(), merge_matrix(stored).tolist()],
        "merge_error": merge_error(stored),
        "best": vars(loop.best),
        "stored_loss": float(-np.log(outputs[np.arange(24), labels]).mean()),
        "stored_accuracy": float((outputs.argmax(axis=1) == labels).mean()),
    }


def sharpen(model: keras.Model) -> None:
    """Scales the output layer, so that the posteriors are similar to those after a long training."""
    pooled = keras.Model(model.input, model.get_layer(OUTPUTS).input)(clips[..., None].astype(np.float32))
    values = pooled.numpy()
    kernel, bias = model.get_layer(OUTPUTS).get_weights()
    steep = kernel * 3 / ((values - values.mean(axis=0)) @ kernel).std()
    model.get_layer(OUTPUTS).set_weights([steep, bias - values.mean(axis=0) @ steep])


initial = network(1)
plain = models.build(NETWORK, (8, 6), 3)
without_teacher, results_without = fit("without_teacher", None)
_, results_with = fit("with_teacher", teacher)
sharpen(without_teacher)
(folder / "model.tflite").write_bytes(to_int8(without_teacher, to_float(without_teacher), clips))
inputs = np.concatenate([clips, rng.integers(-128, 128, clips.shape).astype(np.int8)])
inputs[-2], inputs[-1] = -128, 127
np.savez(folder / "vectors.npz", inputs=inputs, clips=clips, posteriors=posteriors(without_teacher))
result = {
    "shapes": [initial.output_shape, without_merge(initial).output_shape],
    "merge_error": merge_error(initial),
    "shared": all(layer in initial.layers for layer in without_merge(initial).layers),
    "trainable": initial.get_layer(OTHER_WORDS).trainable,
    "unchanged": merge_classes(plain, np.arange(3)) is plain and without_merge(plain) is plain,
    "without_teacher": results_without,
    "with_teacher": results_with,
}
print(json.dumps(result))
