"""Training in mixed precision with a teacher and every option, divided between two parts of the CPU in place of GPUs,
and resumed."""

from tests.support.default_settings import CONF

from support.own_process import printed_by

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
TRAIN = """
import json, pathlib, sys, tempfile
from dataclasses import replace
import h5py, keras, numpy as np
from omegaconf import OmegaConf
from kwspipe import models
from kwspipe.config import DsCnnConfig, ScheduleConfig, TrainConfig
from kwspipe.training import devices
from kwspipe.training.data import Batch
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS
from kwspipe.training.step import train_on_batch
from kwspipe.training.targets import Step

conf, folder = pathlib.Path(sys.argv[1]), pathlib.Path(tempfile.mkdtemp())
settings = OmegaConf.to_container(OmegaConf.load(conf / "train" / "best.yaml"))
settings |= {"epochs": 3, "batch_size": 4, "ema_decay": 0.5, "weight_decay": 0.01, "tensorboard": False}
train = TrainConfig(**settings | {
    "precision": "mixed_float16", "strategy": "mirrored", "devices": ("CPU:0", "CPU:1")
})
schedule = ScheduleConfig("cosine", 0.01, 0.1, 0)
placement = devices.prepare(train)
rng = np.random.default_rng(0)
clips = rng.integers(-128, 128, (11, 8, 6)).astype(np.int8)  # 11: each epoch's last batch has 3 clips, 2 and 1 a part
targets = rng.integers(0, 3, 11)
lesson = EmbeddingTargets(rng.normal(size=(11, 2)).astype(np.float32), (np.arange(11) % 4 > 0).astype(np.float32), 0.5)


def network():
    keras.utils.set_random_seed(1)
    return models.build(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)


def stop(result):
    raise InterruptedError


def fit(name, on_epoch=None):
    (folder / name).mkdir(exist_ok=True)
    with placement.scope():
        loop = TrainingLoop(network(), train, schedule, 1, folder / name, lesson)
    batches = (
        Batch(epoch, clips[begin : begin + 4], targets[begin : begin + 4], np.arange(11)[begin : begin + 4])
        for epoch in range(loop.next_epoch, 3) for begin in range(0, 11, 4)
    )
    loop.run(batches, 3, np.array([1, 2, 0.5], np.float32), (clips, targets), on_epoch)
    return loop


def arrays(name):
    found = {}
    with h5py.File(folder / name / WEIGHTS) as file:
        file.visititems(lambda path, item: found.update({path: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


whole = fit("whole")
try:
    fit("resumed", stop)
except InterruptedError:
    pass
fit("resumed")
one, two = arrays("whole"), arrays("resumed")
inner = whole.trained.optimizer.inner_optimizer
moved = max(
    np.abs(average.numpy() - variable.numpy()).max()
    for average, variable in zip(inner._model_variables_moving_average, whole.trained.trainable_variables)
)

# Without BatchNorm, whose statistics are of a device's own clips, dividing a batch changes nothing.
keras.config.set_dtype_policy("float32")
weights = []
for place in (placement, replace(placement, devices=placement.devices[:1])):
    keras.utils.set_random_seed(1)
    with place.scope():
        model = keras.Sequential([keras.Input((8, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
        model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", weighted_metrics=[], metrics=["accuracy"])
    inputs, posteriors = clips[..., None] / np.float32(128), np.eye(3, dtype=np.float32)[targets]
    for begin in (0, 4, 8):  # of 4, 4 and 3 clips
        batch = slice(begin, begin + 4)
        step = Step(inputs[batch], (posteriors[batch],), (np.linspace(0.5, 2, 11, dtype=np.float32)[batch],))
        logs = train_on_batch(model, step)
    weights.append([*(weight.ravel() for weight in model.get_weights()), [logs["loss"]]])

print(json.dumps({
    "said": str(placement),
    "parts": whole.trained.distribute_strategy.num_replicas_in_sync,
    "policy": whole.model.layers[1].compute_dtype,
    "softmax": str(whole.model(clips[..., None].astype(np.float32)).dtype),
    "optimizer": type(whole.trained.optimizer).__name__,
    "average_apart": float(moved),
    "dtypes": sorted({str(array.dtype) for array in one.values()}),
    "finite": all(bool(np.isfinite(array).all()) for array in one.values()),
    "epochs": len(whole.history),
    "resumed_equal": one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one),
    "divided_differs_by": float(np.abs(np.concatenate(weights[0]) - np.concatenate(weights[1])).max()),
}))
"""


def test_mixed_precision_with_a_teacher_on_two_devices_resumed() -> None:
    result = printed_by(TRAIN, CONF)
    assert result.pop("average_apart") > 1e-4  # so that what is kept is known to be the average
    assert result.pop("divided_differs_by") < 1e-5
    assert result == {
        "said": "CPU:0 and CPU:1, each batch divided, mixed_float16",
        "parts": 2,
        "policy": "float16",
        "softmax": "<dtype: 'float32'>",
        "optimizer": "LossScaleOptimizer",
        "dtypes": ["float32"],
        "finite": True,
        "epochs": 3,
        "resumed_equal": True,
    }
