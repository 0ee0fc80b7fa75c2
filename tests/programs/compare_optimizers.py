"""Compares the optimizer and the average of the weights with their definitions, and prints differences as JSON."""

import json
from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np

from kwspipe import models
from kwspipe.config import DsCnnConfig
from kwspipe.training.averaging import averaged_weights
from kwspipe.training.compilation import compiled
from support.default_settings import train_settings

DECAY, EMA_DECAY, STEPS = 0.3, 0.75, 5
Values = list[np.ndarray]

train = train_settings("tutorial")
rng = np.random.default_rng(0)
clips = rng.normal(0, 30, (24, 8, 6, 1)).astype(np.float32)
posteriors = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 24)]


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    return models.build(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)


def values(model: keras.Model) -> Values:
    return [variable.numpy() for variable in model.trainable_variables]


def difference(one: Values, two: Values) -> float:
    return float(max(np.abs(a - b).max() for a, b in zip(one, two, strict=True)))


def steps(model: keras.Model) -> Iterator[Values]:
    for _ in range(STEPS):
        model.train_on_batch(clips, posteriors)
        yield values(model)


reference = network()
reference.compile(keras.optimizers.AdamW(0.01, weight_decay=DECAY), "categorical_crossentropy")
*_, adamw = steps(reference)
with_decay = compiled(network(), replace(train, weight_decay=DECAY), 0.01, None)
*_, decayed = steps(with_decay)
plain = compiled(network(), train, 0.01, None)

averaging = compiled(network(), replace(train, ema_decay=EMA_DECAY), 0.01, None)
average, *later = steps(averaging)  # the average starts with the weights after the first step
for latest in later:
    average = [EMA_DECAY * old + (1 - EMA_DECAY) * new for old, new in zip(average, latest, strict=True)]
with averaged_weights(averaging):
    inside = values(averaging)
with averaged_weights(plain):
    inside_plain = values(plain)

print(
    json.dumps(
        {
            "optimizers": [type(model.optimizer).__name__ for model in (with_decay, plain)],
            "weight_decay": [model.optimizer.weight_decay for model in (with_decay, plain)],
            "from_adamw": difference(adamw, decayed),
            "moved": difference(adamw, values(network())),
            "average": difference(inside, average),
            "average_from_latest": difference(inside, later[-1]),
            "restored": difference(values(averaging), later[-1]),
            "without_average": difference(inside_plain, values(network())),
        }
    )
)
