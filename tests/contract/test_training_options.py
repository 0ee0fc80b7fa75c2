"""Options of the training step, against what the papers and Keras' own optimizer say."""

from itertools import pairwise

import pytest
from tests.support.default_settings import CONF

from support.own_process import printed_by

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
MEASURE = """
import json, pathlib, sys
from dataclasses import replace
import keras, numpy as np
from omegaconf import OmegaConf
from kwspipe import models
from kwspipe.config import DsCnnConfig, TrainConfig
from kwspipe.training.averaging import BatchNormStatistics
from kwspipe.training.compilation import compiled
from kwspipe.training.optimizer import PacedAdam, paces

train = TrainConfig(**OmegaConf.to_container(OmegaConf.load(pathlib.Path(sys.argv[1]) / "train" / "seed.yaml")))
rng = np.random.default_rng(0)
clips = rng.normal(0, 30, (24, 8, 6, 1)).astype(np.float32)
posteriors = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 24)]


def network():
    keras.utils.set_random_seed(1)
    return models.build(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)


def after(optimizer, steps):
    model = network()
    model.compile(optimizer, "categorical_crossentropy")
    for _ in range(steps):
        model.train_on_batch(clips, posteriors)
    return {v.path: v.numpy() for v in model.trainable_variables}


def apart(one, two):
    return float(max(np.abs(one[path] - two[path]).max() for path in one))


fresh = {v.path: v.numpy() for v in network().trainable_variables}
adamw = after(keras.optimizers.Adam(0.01, weight_decay=0.3), 5)
slow = paces(network(), 0.125)
paced = after(PacedAdam(0.01, slow, 0.0, {}), 1)
first, last = list(fresh)[0], list(fresh)[-2]  # a filter, and the predictions' matrix
held = after(PacedAdam(0.01, {}, 0.0, {}), 40), after(PacedAdam(0.01, {}, 50.0, fresh), 40)
distance = [sum(np.abs(values[path] - fresh[path]).sum() for path in fresh) for values in held]

model = network()
norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
before = [layer.moving_mean.numpy().tolist() for layer in norms]
with BatchNormStatistics(model).measured_on([clips[:8], clips[8:]]):
    found = norms[0].moving_mean.numpy(), norms[0].moving_variance.numpy()
maps = keras.Model(model.input, norms[0].input)
parts = [maps(clips[:8]).numpy(), maps(clips[8:]).numpy()]
wanted = [np.mean([f(part, axis=(0, 1, 2)) for part in parts], axis=0) for f in (np.mean, np.var)]

print(json.dumps({
    "default_is_keras": type(compiled(network(), train, 0.01, None).optimizer).__name__,
    "asked_for": type(compiled(network(), replace(train, first_layer_rate=0.5), 0.01, None).optimizer).__name__,
    "apart_from_adamw": apart(adamw, after(PacedAdam(0.01, {}, 0.3, {}), 5)),
    "moved_by_adamw": apart(adamw, fresh),
    "paces": list(dict.fromkeys(slow.values())),
    "first_step": [float(np.abs(paced[path] - fresh[path]).max()) for path in (first, last)],
    "kept_near_start": float(distance[1] / distance[0]),
    "statistics_differ_by": float(max(np.abs(a - b).max() for a, b in zip(found, wanted))),
    "put_back": before == [layer.moving_mean.numpy().tolist() for layer in norms],
    "changed_meanwhile": float(np.abs(found[0] - before[0]).max()),
}))
"""


@pytest.fixture(scope="module")
def measured() -> dict:
    return printed_by(MEASURE, CONF)


def test_keras_own_adam_unless_more_is_asked_for(measured: dict) -> None:
    assert (measured["default_is_keras"], measured["asked_for"]) == ("Adam", "PacedAdam")


def test_at_one_pace_and_towards_zero_it_is_adamw(measured: dict) -> None:
    assert measured["apart_from_adamw"] < 1e-5 < 0.01 < measured["moved_by_adamw"]


def test_the_first_layer_has_its_share_of_the_rate_and_the_last_the_whole(measured: dict) -> None:
    shares = measured["paces"]
    assert (shares[0], shares[-1]) == (0.125, 1.0)
    ratios = [b / a for a, b in pairwise(shares)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    assert measured["first_step"] == pytest.approx(
        [0.01 * 0.125, 0.01], rel=1e-2
    )  # Adam's first step is the rate


def test_decay_to_the_start_keeps_the_weights_near_it(measured: dict) -> None:
    assert measured["kept_near_start"] < 0.5


def test_statistics_are_the_mean_of_the_batches_and_are_put_back(measured: dict) -> None:
    assert measured["statistics_differ_by"] < 1e-3
    assert measured["changed_meanwhile"] > 0.1
    assert measured["put_back"]
