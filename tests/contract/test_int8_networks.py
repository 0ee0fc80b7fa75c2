"""Networks in int8: the ranges of their maps, and training that computes as the device will."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.default_settings import CONF

from kwspipe.tflite import reference
from kwspipe.tflite.reader import read_graph
from support.own_process import printed_by
from support.reference_kernels import run_reference, with_output

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
MAKE = """
import json, pathlib, sys
import keras, numpy as np
from omegaconf import OmegaConf
from kwspipe import models
from kwspipe.config import MatchboxNetConfig, MobileNetV2Config, ScheduleConfig, TrainConfig
from kwspipe.models.layer_names import OTHER_WORDS
from kwspipe.models.int8 import as_int8
from kwspipe.tflite.conversion import to_float, to_int8
from kwspipe.training.data import Batch
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS

conf, folder = map(pathlib.Path, sys.argv[1:])
SHAPE, LABELS = (20, 16), (0, 1, 2, 1, 1)
rng = np.random.default_rng(0)
clips = rng.integers(-128, 128, (48, *SHAPE)).astype(np.int8)
clips[0, 0, 0], clips[0, 0, 1] = -128, 127
features = clips[..., None].astype(np.float32)
classes = np.arange(48) % 5


def network(config, branch):
    keras.utils.set_random_seed(1)
    model = models.build_folded(config, SHAPE, LABELS)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(rng.uniform(0.7, 1.4, layer.gamma.shape))
            layer.beta.assign(rng.normal(0, 0.5, layer.beta.shape))
    model.get_layer(branch).gamma.assign(model.get_layer(branch).gamma * 0.05)
    for _ in range(40):
        model(features, training=True)  # BatchNorm's statistics
    return model


def spans(model, name):
    values = keras.Model(model.input, model.get_layer(name).output)(features).numpy()
    return float(values.min()), float(values.max())


def said(model, **options):
    return model(features, **options).numpy()


def loss(model):
    return float(-np.log(said(model)[np.arange(48), np.array(LABELS)[classes]]).mean())


found = {}
for config, branch, early in (
    (
        MatchboxNetConfig("matchboxnet", (8, 12), 1, 2, 3, 0.5), "half_0_block_0_1_BN",
        ("stem_relu", "half_0_block_0_0_depthwise", "half_0_block_0_0_relu"),
    ),
    (
        MobileNetV2Config("mobilenet_v2", 0.15, 16, 0.5), "block_2_project_BN",
        ("Conv1_relu", "expanded_conv_depthwise_relu", "expanded_conv_project_BN"),
    ),
):
    model = network(config, branch)
    before = said(model)
    rounded = as_int8(model, clips)
    (folder / f"{config.name}.tflite").write_bytes(to_int8(model, to_float(model), clips))
    np.savez(
        folder / f"{config.name}.npz", clips=clips, float=before, rounded=said(rounded),
        trained=said(rounded, training=True), after=said(model),
        **{
            f"early_{number}": keras.Model(rounded.input, rounded.get_layer(f"{name}_int8").output)(features).numpy()
            for number, name in enumerate(early)
        },
    )
    found[config.name] = {
        "branch": spans(model, branch),
        "names": [[layer.name for layer in network.layers if layer.weights] for network in (model, rounded)],
        "fixed": bool((rounded.get_layer(OTHER_WORDS).get_weights()[0] == np.eye(3)[list(LABELS)]).all()),
    }

settings = OmegaConf.to_container(OmegaConf.load(conf / "train" / "best.yaml"))
settings |= {"epochs": 2, "ema_decay": 0.5, "tensorboard": False, "quantization_aware": True, "weight_decay": 0.0}
norm = model.get_layer("block_2_project_BN")
statistics = [norm.moving_mean.numpy(), norm.moving_variance.numpy()]
first = {v.path: v.numpy() for v in model.trainable_variables}
start = loss(rounded)
loop = TrainingLoop(
    rounded, TrainConfig(**settings), ScheduleConfig("cosine", 0.001, 0.5, 0), 1, folder, kept=model
)
batches = (Batch(epoch, clips, classes, np.arange(48)) for epoch in range(2))
loop.run(batches, 1, np.ones(5, np.float32), (clips, np.array(LABELS)[classes]))
fresh = models.build_folded(config, SHAPE, LABELS)
fresh.load_weights(folder / WEIGHTS)
# Their ranges are measured anew, of weights that have moved by two steps.
found["training"] = {
    "still": all(
        (one == other).all() for one, other in zip(statistics, [norm.moving_mean, norm.moving_variance])
    ),
    "unmoved": [path for path, value in first.items() if (value == dict(
        (v.path, v.numpy()) for v in model.trainable_variables)[path]).all()],
    "start": start,
    "best": loop.best.val_loss,
    "kept": loss(as_int8(fresh, clips)),
}
print(json.dumps(found))
"""
NETWORKS = ("matchboxnet", "mobilenet_v2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("int8")


@pytest.fixture(scope="module")
def made(folder: Path) -> dict:
    return printed_by(MAKE, CONF, folder)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_map_that_is_added_has_its_own_range_and_not_the_sums(folder: Path, made: dict, name: str) -> None:
    low, high = made[name]["branch"]
    scale = (max(high, 0) - min(low, 0)) / 255
    summands = [
        tensor
        for operator in read_graph((folder / f"{name}.tflite").read_bytes()).operators
        if operator.kind == "ADD"
        for tensor in operator.inputs
    ]
    nearest = min(summands, key=lambda tensor: abs(tensor.scales[0] - scale))
    assert nearest.scales[0] == pytest.approx(scale, rel=0.01)
    assert nearest.zero_points[0] == pytest.approx(-128 - min(low, 0) / scale, abs=1.5)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_as_int8_rounds_as_the_device_does(folder: Path, made: dict, name: str) -> None:
    # Of the first three maps: later on, a value that lies between two steps falls to either, and what follows differs.
    tflite, vectors = (folder / f"{name}.tflite").read_bytes(), np.load(folder / f"{name}.npz")
    operators = [operator for operator in read_graph(tflite).operators if operator.kind != "RESHAPE"]
    for number in range(3):
        values, operator = vectors[f"early_{number}"], operators[number]
        (output,) = operator.outputs
        raw = run_reference(with_output(tflite, operator.index), vectors["clips"])
        device = (raw.astype(np.float32) - output.zero_points[0]) * output.scales[0]
        steps = np.abs(device - values.reshape(len(values), -1)) / output.scales[0]
        assert steps.max() < 2.1
        assert (steps < 0.1).mean() > 0.97
        assert len(np.unique(raw)) > 50


@pytest.mark.parametrize("name", NETWORKS)
def test_rounding_costs_it_as_much_as_the_device(folder: Path, made: dict, name: str) -> None:
    tflite, vectors = (folder / f"{name}.tflite").read_bytes(), np.load(folder / f"{name}.npz")
    device = reference.posteriors(tflite, run_reference(tflite, vectors["clips"]))
    costs = [np.sqrt(np.mean((said - vectors["float"]) ** 2)) for said in (device, vectors["rounded"])]
    assert 0.5 < costs[0] / costs[1] < 2


@pytest.mark.parametrize("name", NETWORKS)
def test_it_shares_the_variables_and_leaves_the_model_as_it_was(folder: Path, made: dict, name: str) -> None:
    vectors = np.load(folder / f"{name}.npz")
    np.testing.assert_array_equal(vectors["float"], vectors["after"])
    np.testing.assert_allclose(vectors["rounded"], vectors["trained"], atol=0.02)  # by the same statistics
    assert np.abs(vectors["rounded"] - vectors["float"]).max() > 1e-4
    given, rounded = made[name]["names"]
    assert given == rounded
    assert made[name]["fixed"]


def test_training_moves_all_but_the_statistics_and_keeps_the_model(made: dict) -> None:
    training = made["training"]
    assert training["still"]
    assert training["unmoved"] == []
    learned = training["start"] - training["best"]
    assert learned > 0.05
    assert training["kept"] == pytest.approx(training["best"], abs=learned / 3)
