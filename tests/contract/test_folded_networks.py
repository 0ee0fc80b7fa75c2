"""Networks that are taught other words apart and say one posterior for all of them: trained, kept, in int8."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from kwspipe.tflite import reference
from kwspipe.tflite.reader import read_graph
from support.own_process import printed_by
from support.reference_kernels import run_reference

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
TRAIN = """
import json, pathlib, sys
import keras, numpy as np
from tests.support.default_settings import train_settings
from kwspipe import models
from kwspipe.config import DsCnnConfig, ScheduleConfig
from kwspipe.models.merged_classes import merge_classes, without_merge
from kwspipe.models.layer_names import OTHER_WORDS
from kwspipe.tflite.conversion import to_float, to_int8
from kwspipe.training.data import Batch
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS
from kwspipe.models.layer_names import OUTPUTS

folder = pathlib.Path(sys.argv[1])
train = train_settings("best", epochs=2, ema_decay=0.5, tensorboard=False)
schedule = ScheduleConfig("cosine", 0.05, 0.1, 0)
LABELS = (0, 1, 2, 1, 1, 1)  # of a keyword, other words, silence, and three of the other words
rng = np.random.default_rng(0)
clips = rng.integers(-128, 128, (24, 8, 6)).astype(np.int8)
clips[0, 0, 0], clips[0, 0, 1] = -128, 127
classes = np.arange(24) % 6
labels = np.array(LABELS)[classes]
lesson = EmbeddingTargets(rng.normal(size=(24, 2)).astype(np.float32), np.ones(24, np.float32), 0.5)


def network(seed):
    keras.utils.set_random_seed(seed)
    return models.build_merged(DsCnnConfig("ds_cnn", 8, 1, 2, 0.9), (8, 6), LABELS)


def said(model):
    return model(clips[..., None].astype(np.float32)).numpy()


def matrix(model):
    return model.get_layer(OTHER_WORDS).get_weights()[0]


def add_up_apart(model):
    by_class = said(without_merge(model))
    sums = np.stack([by_class[:, np.array(LABELS) == label].sum(axis=1) for label in range(3)], axis=1)
    return float(np.abs(said(model) - sums).max())


def fit(name, lesson):
    (folder / name).mkdir()
    model = network(1)
    before = model.get_layer(OUTPUTS).get_weights()[0]
    loop = TrainingLoop(model, train, schedule, 1, folder / name, lesson)
    batches = (
        Batch(epoch, clips[begin : begin + 8], classes[begin : begin + 8], np.arange(24)[begin : begin + 8])
        for epoch in range(2) for begin in range(0, 24, 8)
    )
    loop.run(batches, 3, np.ones(6, np.float32), (clips, labels))
    kept = network(2)
    kept.load_weights(folder / name / WEIGHTS)
    posteriors = said(kept)
    found = {
        "taught": loop.trained.output_shape, "trained_layers": [layer.name for layer in loop.trained.layers],
        "moved": float(np.abs(kept.get_layer(OUTPUTS).get_weights()[0] - before).max()),
        "matrices": [matrix(model).tolist(), matrix(kept).tolist()], "apart": add_up_apart(kept),
        "best": vars(loop.best), "kept_loss": float(-np.log(posteriors[np.arange(24), labels]).mean()),
        "kept_accuracy": float((posteriors.argmax(axis=1) == labels).mean()),
    }
    return kept, found


fresh = network(1)
plain = models.build(DsCnnConfig("ds_cnn", 8, 1, 2, 0.9), (8, 6), 3)
alone, of_alone = fit("alone", None)
with_teacher, of_teacher = fit("teacher", lesson)
# As sure as one that was trained for longer, and of other classes for other clips.
values = keras.Model(alone.input, alone.get_layer(OUTPUTS).input)(clips[..., None].astype(np.float32)).numpy()
kernel, bias = alone.get_layer(OUTPUTS).get_weights()
steep = kernel * 3 / ((values - values.mean(axis=0)) @ kernel).std()
alone.get_layer(OUTPUTS).set_weights([steep, bias - values.mean(axis=0) @ steep])
(folder / "model.tflite").write_bytes(to_int8(alone, to_float(alone), clips))
inputs = np.concatenate([clips, rng.integers(-128, 128, clips.shape).astype(np.int8)])
inputs[-2], inputs[-1] = -128, 127
np.savez(folder / "vectors.npz", inputs=inputs, clips=clips, posteriors=said(alone))

print(json.dumps({
    "shapes": [fresh.output_shape, without_merge(fresh).output_shape],
    "apart": add_up_apart(fresh),
    "shared": all(layer in fresh.layers for layer in without_merge(fresh).layers),
    "trainable": fresh.get_layer(OTHER_WORDS).trainable,
    "each_a_label": merge_classes(plain, np.arange(3)) is plain and without_merge(plain) is plain,
    "alone": of_alone, "teacher": of_teacher,
}))
"""
ADDS_UP = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 1, 0]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("folded")


@pytest.fixture(scope="module")
def trained(folder: Path) -> dict:
    return printed_by(TRAIN, folder)


def test_posteriors_of_the_classes_of_a_label_are_added_up(trained: dict) -> None:
    assert trained["shapes"] == [[None, 3], [None, 6]]
    assert trained["apart"] < 1e-6
    assert trained["shared"] and not trained["trainable"]


def test_where_each_class_is_a_label_nothing_is_added(trained: dict) -> None:
    assert trained["each_a_label"]


@pytest.mark.parametrize(("how", "taught"), [("alone", [None, 6]), ("teacher", [[None, 6], [None, 2]])])
def test_it_is_taught_by_classes_and_what_adds_them_up_stays_as_it_is(
    trained: dict, how: str, taught: list
) -> None:
    found = trained[how]
    assert found["taught"] == taught
    assert "other_words" not in found["trained_layers"]
    assert found["moved"] > 0.01
    assert found["matrices"] == [ADDS_UP, ADDS_UP]


@pytest.mark.parametrize("how", ["alone", "teacher"])
def test_kept_weights_load_again_and_are_judged_by_labels(trained: dict, how: str) -> None:
    found = trained[how]
    assert found["apart"] < 1e-6
    assert found["kept_loss"] == pytest.approx(found["best"]["val_loss"], rel=1e-5)
    assert found["kept_accuracy"] == pytest.approx(found["best"]["val_accuracy"])


@pytest.fixture(scope="module")
def converted(trained: dict, folder: Path) -> tuple[bytes, dict[str, np.ndarray]]:
    with np.load(folder / "vectors.npz") as file:
        return (folder / "model.tflite").read_bytes(), dict(file)


def test_in_int8_the_core_gives_the_reference_kernels_bytes(converted: tuple[bytes, dict]) -> None:
    tflite, vectors = converted
    image, summary = compile_model(tflite, ["one", "_unknown_", "_silence_"], b"", b"", "folded")
    assert [layer.kinds for layer in summary.layers[-2:]] == ["SOFTMAX", "FULLY_CONNECTED"]
    outputs = CoreModel(image).run(vectors["inputs"])
    assert np.unique(outputs, axis=0).shape[0] > 10
    assert set(outputs.argmax(axis=1)) == {0, 1, 2}
    np.testing.assert_array_equal(outputs, run_reference(tflite, vectors["inputs"]))


def test_its_output_has_the_scale_of_a_softmax(converted: tuple[bytes, dict]) -> None:
    (output,) = read_graph(converted[0]).outputs
    assert (output.scales.tolist(), output.zero_points.tolist()) == ([1 / 256], [-128])


def test_in_int8_it_says_what_it_said_before(converted: tuple[bytes, dict]) -> None:
    tflite, vectors = converted
    posteriors = reference.posteriors(tflite, run_reference(tflite, vectors["clips"]))
    assert posteriors == pytest.approx(vectors["posteriors"], abs=0.05)
