"""Networks as teachers: they say what they said when they were trained, and go into what is taught by their weight."""

import pytest

from support.own_process import printed_by

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
MEASURE = """
import json, sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
import keras, numpy as np
from tests.support.default_settings import FRONTEND, plain_settings
from kwspipe.transfer.class_table_file import write_classes
from kwspipe import models
from kwspipe.runs.artifacts import Fingerprint, outputs_hash, read_manifest, stage_folder
from kwspipe.config import DsCnnConfig, NetworkTeachersConfig, ScheduleConfig, TrainConfig
from kwspipe.training import devices
from kwspipe.labels import ClassTable
from kwspipe.training.data import Batch
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.targets import Step
from kwspipe.training.teacher_networks import built

folder = Path(sys.argv[1])
settings = TrainConfig(**plain_settings("train", "seed") | {"epochs": 2, "tensorboard": False})
in_parts = devices.prepare(replace(settings, strategy="mirrored", devices=("CPU:0", "CPU:1")))
STUDENT = ClassTable(("one", "two", "_unknown_"), (0, 1, 2))
rng = np.random.default_rng(0)
features = rng.integers(-128, 128, (12, 8, 6)).astype(np.int8)
clips = features[..., None].astype(np.float32)
labels = np.eye(3, dtype=np.float32)[np.arange(12) % 3]


def network(config, classes, seed):
    keras.utils.set_random_seed(seed)
    return models.build_folded(config, (8, 6), classes.labels)


def said(model):
    return model(clips).numpy()


def trained(name, config, classes, seed):
    # With statistics of BatchNorm as of a trained network, and posteriors as sure as one's, other for each clip.
    model = network(config, classes, seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            maps = keras.Model(model.input, layer.input)(clips).numpy()
            scale, offset = rng.normal(1, 0.2, (2, maps.shape[-1]))
            layer.set_weights([scale, offset, maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))])
    kernel, bias = model.get_layer("predictions").get_weights()
    pooled = keras.Model(model.input, model.get_layer("predictions").input)(clips).numpy()
    steep = kernel * 2 / (pooled @ kernel).std(axis=0)
    model.get_layer("predictions").set_weights([steep, bias - pooled.mean(axis=0) @ steep])
    asked = {"model": asdict(config), "frontend": asdict(FRONTEND)}
    with stage_folder(folder / name / "train", Fingerprint(asked, {}, "code")) as path:
        model.save_weights(path / "model.weights.h5")
        write_classes(path, classes)
    made_from = {"train": outputs_hash(read_manifest(folder / name / "train"))}
    with stage_folder(folder / name / "quantize", Fingerprint({"name": name}, made_from, "code")) as path:
        (path / "model.tflite").write_bytes(b"int8")
    return model


def teachers(weight, *runs):
    asked = NetworkTeachersConfig("networks", runs, weight, None)
    config = SimpleNamespace(distill=asked, frontend=FRONTEND, run_dir=str(folder / "student"))
    return built(config, (8, 6), STUDENT)


def heard(taught_by):
    return taught_by.teach(Step(clips, (labels,), (np.ones(12, np.float32),))).outputs[0]


def apart(one, other):
    return float(np.abs(one - other).max())


def train(name, truth, taught_by):
    (folder / name).mkdir()
    model = network(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), STUDENT, 3)
    loop = TrainingLoop(
        model, settings, ScheduleConfig("cosine", 0.05, 0.1, 0), 1, folder / name, teachers=taught_by
    )
    batches = (Batch(epoch, features, truth, np.arange(12)) for epoch in range(2))
    loop.run(batches, 1, np.ones(3, np.float32), (features, truth))
    return said(model)


# One was taught another word apart, and has its classes in another order.
four = ClassTable(("two", "_unknown_", "one", "cat"), (0, 1, 2, 1))
large = trained("large", DsCnnConfig("ds_cnn", 8, 2, 2, 0.9), four, 1)
other = trained("other", DsCnnConfig("ds_cnn", 4, 1, 1, 0.9), STUDENT, 2)
of_large, of_other = said(large)[:, [2, 0, 1]], said(other)
alone, both = teachers(1.0, "large"), teachers(1.0, "large", "other")
with in_parts.scope():
    divided = teachers(1.0, "large")

further, weights = rng.normal(size=(2, 12, 5)), rng.normal(size=(2, 12))
step = Step(clips, (labels, further), tuple(weights))
before = [array.copy() for array in (clips, labels, further, weights)]
taught = teachers(0.25, "large").teach(step)

truth = np.arange(12) % 3
students = {
    "untaught": train("untaught", truth, None),
    "weight 0": train("weight_0", truth, teachers(0.0, "large")),
    "weight 1": train("weight_1", truth, alone),
    "weight 1, other labels": train("weight_1_other_labels", (truth + 1) % 3, alone),
}

print(json.dumps({
    "classes_said": sorted(set(map(int, of_large.argmax(axis=1)))),
    "surest": float(of_large.max()),
    "runs_apart": apart(of_large, of_other),
    "alone": apart(heard(alone), of_large),
    "alone_sum": apart(heard(alone).sum(axis=1), 1),
    "both": apart(heard(both), (of_large + of_other) / 2),
    "divided": apart(heard(divided), of_large),
    "small_batch": apart(alone.teach(Step(clips[:5], (labels[:5],), ())).outputs[0], of_large[:5]),
    "taught": apart(taught.outputs[0], 0.75 * labels + 0.25 * of_large),
    "taught_dtype": str(taught.outputs[0].dtype),
    "outputs": len(taught.outputs),
    "left_alone": [taught.features is clips, taught.outputs[1] is further, taught.weights is step.weights],
    "step_as_it_was": all(map(np.array_equal, before, (clips, labels, further, weights))),
    "unchanged": bool(np.array_equal(heard(alone), heard(teachers(1.0, "large")))),
    "by_weight_0": apart(students["weight 0"], students["untaught"]),
    "by_weight_1": apart(students["weight 1"], students["untaught"]),
    "by_other_labels": apart(students["weight 1"], students["weight 1, other labels"]),
}))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return printed_by(MEASURE, tmp_path_factory.mktemp("runs"))


def test_the_networks_compared_say_different_things_of_different_clips(measured: dict) -> None:
    assert measured["classes_said"] == [0, 1, 2]
    assert measured["surest"] < 0.999
    assert measured["runs_apart"] > 0.3


def test_a_teacher_says_what_the_network_said_that_was_saved(measured: dict) -> None:
    assert measured["alone"] < 1e-5
    assert measured["alone_sum"] < 1e-5
    assert measured["small_batch"] < 1e-5


def test_teachers_say_their_mean(measured: dict) -> None:
    assert measured["both"] < 1e-5


def test_a_teacher_built_for_two_devices_says_the_same(measured: dict) -> None:
    assert measured["divided"] < 1e-5


def test_what_they_say_goes_by_its_weight_into_the_posteriors_and_nowhere_else(measured: dict) -> None:
    assert measured["taught"] < 1e-5
    assert measured["taught_dtype"] == "float32"
    assert measured["outputs"] == 2
    assert measured["left_alone"] == [True, True, True]
    assert measured["step_as_it_was"]


def test_a_student_learns_from_them_and_not_they_from_it(measured: dict) -> None:
    assert measured["by_weight_0"] < 1e-6
    assert measured["by_weight_1"] > 0.01
    assert measured["by_other_labels"] < 1e-5
    assert measured["unchanged"]
