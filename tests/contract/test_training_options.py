"""The optimizer and the moving average of the weights, compared with their definitions."""

import pytest

from support.own_process import printed_by

# A separate process, because TensorFlow and tflite-runtime do not work in the process of the tests.
MEASURE = """
import json, sys
from dataclasses import replace
import keras, numpy as np
from tests.support.default_settings import train_settings
from kwspipe import models
from kwspipe.config import DsCnnConfig
from kwspipe.training.averaging import averaged_weights
from kwspipe.training.compilation import compiled

train = train_settings("tutorial")
rng = np.random.default_rng(0)
clips = rng.normal(0, 30, (24, 8, 6, 1)).astype(np.float32)
posteriors = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 24)]


def network():
    keras.utils.set_random_seed(1)
    return models.build(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)


def values(model):
    return [variable.numpy() for variable in model.trainable_variables]


def difference(one, two):
    return float(max(np.abs(a - b).max() for a, b in zip(one, two, strict=True)))


def steps(model, count):
    for _ in range(count):
        model.train_on_batch(clips, posteriors)
        yield values(model)


plain = network()
plain.compile(keras.optimizers.AdamW(0.01, weight_decay=0.3), "categorical_crossentropy")
adamw = list(steps(plain, 5))
decayed = compiled(network(), replace(train, weight_decay=0.3), 0.01, None)
without = compiled(network(), train, 0.01, None)

averaging = compiled(network(), replace(train, ema_decay=0.75), 0.01, None)
average = None
for latest in steps(averaging, 5):
    average = latest if average is None else [0.75 * old + 0.25 * new for old, new in zip(average, latest, strict=True)]
with averaged_weights(averaging):
    inside = values(averaging)
with averaged_weights(without):
    unchanged = values(without)

print(json.dumps({
    "optimizers": [type(model.optimizer).__name__ for model in (decayed, without)],
    "weight_decay": [model.optimizer.weight_decay for model in (decayed, without)],
    "from_adamw": difference(adamw[-1], list(steps(decayed, 5))[-1]),
    "moved": difference(adamw[-1], values(network())),
    "average": difference(inside, average),
    "average_from_latest": difference(inside, latest),
    "restored": difference(values(averaging), latest),
    "without_average": difference(unchanged, values(network())),
}))
"""


@pytest.fixture(scope="module")
def measured() -> dict:
    return printed_by(MEASURE)


def test_the_optimizer_is_adam_with_decoupled_weight_decay(measured: dict) -> None:
    assert measured["optimizers"] == ["Adam", "Adam"]
    assert measured["weight_decay"] == [0.3, None]
    assert measured["from_adamw"] < 1e-5 < 0.01 < measured["moved"]


def test_the_average_of_the_weights_is_exponential_and_the_latest_weights_are_restored(
    measured: dict,
) -> None:
    assert measured["average"] < 1e-5
    assert measured["average_from_latest"] > 1e-3
    assert measured["restored"] == 0


def test_without_an_average_the_weights_stay(measured: dict) -> None:
    assert measured["without_average"] == 0
