"""Training in mixed precision with a teacher, interrupted and resumed."""

from support.own_process import printed_by

# A separate process, because TensorFlow and tflite-runtime do not work in the process of the tests.
TRAIN = """
import json, pathlib, sys, tempfile
import h5py, keras, numpy as np
from tests.support.default_settings import train_settings
from kwspipe import models
from kwspipe.config import DsCnnConfig, CosineScheduleConfig
from kwspipe.training import devices
from kwspipe.training.data import Batch
from kwspipe.training.distillation import EmbeddingTargets
from kwspipe.training.loop import TrainingLoop
from kwspipe.training.state import WEIGHTS

folder = pathlib.Path(tempfile.mkdtemp())
train = train_settings(
    "finetune", epochs=3, batch_size=4, ema_decay=0.5, weight_decay=0.01, tensorboard=False, precision="mixed_float16"
)
schedule = CosineScheduleConfig("cosine", 0.01, 0.1, 0)
placement = devices.prepare(train)
rng = np.random.default_rng(0)
clips = rng.integers(-128, 128, (11, 8, 6)).astype(np.int8)  # the last batch of an epoch has 3 clips
targets = rng.integers(0, 3, 11)
teacher = EmbeddingTargets(
    rng.normal(size=(11, 2)).astype(np.float32), (np.arange(11) % 4 > 0).astype(np.float32), 0.5
)


def network():
    keras.utils.set_random_seed(1)
    return models.build(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)


def stop(result):
    raise InterruptedError


def fit(name, on_epoch=None):
    (folder / name).mkdir(exist_ok=True)
    loop = TrainingLoop(network(), train, schedule, 1, folder / name, teacher)
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


uninterrupted = fit("uninterrupted")
try:
    fit("resumed", stop)
except InterruptedError:
    pass
fit("resumed")
one, two = arrays("uninterrupted"), arrays("resumed")
inner = uninterrupted.trained.optimizer.inner_optimizer
average_difference = max(
    np.abs(average.numpy() - variable.numpy()).max()
    for average, variable in zip(inner._model_variables_moving_average, uninterrupted.trained.trainable_variables)
)
print(json.dumps({
    "placement": str(placement),
    "policy": uninterrupted.model.layers[1].compute_dtype,
    "softmax": str(uninterrupted.model(clips[..., None].astype(np.float32)).dtype),
    "optimizer": type(uninterrupted.trained.optimizer).__name__,
    "average_difference": float(average_difference),
    "dtypes": sorted({str(array.dtype) for array in one.values()}),
    "finite": all(bool(np.isfinite(array).all()) for array in one.values()),
    "epochs": len(uninterrupted.history),
    "resumed_equal": one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one),
}))
"""


def test_mixed_precision_with_a_teacher_resumed() -> None:
    result = printed_by(TRAIN)
    assert result.pop("average_difference") > 1e-4  # the kept average differs from the latest weights
    assert result == {
        "placement": "the CPU, mixed_float16",
        "policy": "float16",
        "softmax": "<dtype: 'float32'>",
        "optimizer": "LossScaleOptimizer",
        "dtypes": ["float32"],
        "finite": True,
        "epochs": 3,
        "resumed_equal": True,
    }
