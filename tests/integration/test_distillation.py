"""Training with a teacher: interrupted and gone on with it ends as in one go, and leaves a network without it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
TRAIN = """
import json, sys
from dataclasses import replace
from pathlib import Path
import keras, numpy as np, tensorflow as tf
from omegaconf import OmegaConf
from tests.default_settings import CONF
from kwspipe.config import ScheduleConfig, TrainConfig
from kwspipe.training.data import Batch
from kwspipe.training.distillation import Lesson
from kwspipe.training.loop import TrainingLoop

def load(kind, group, **changes):
    return kind(**(OmegaConf.to_container(OmegaConf.load(CONF / group)) | changes))

def network():
    inputs = keras.Input((6, 4, 1), name="features")
    x = keras.layers.Conv2D(3, 3, name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)
    outputs = keras.layers.Dense(2, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name="tiny")

tf.config.experimental.enable_op_determinism()
config = load(TrainConfig, "train/best.yaml", epochs=2, tensorboard=False)
schedule = load(ScheduleConfig, "schedule/cosine.yaml", initial_learning_rate=0.05)
rng = np.random.default_rng(0)
features = rng.integers(-9, 9, (8, 6, 4)).astype(np.int8)
targets = np.arange(8) % 2
lesson = Lesson(np.float32(rng.normal(size=(8, 5))), np.float32(targets), 2.0)

class Killed(Exception): pass

def train(folder, stop_after=None):
    keras.utils.set_random_seed(1)
    folder.mkdir(exist_ok=True)
    loop = TrainingLoop(network(), config, schedule, 1, folder, lesson)
    def stop(result):
        if result.epoch == stop_after:
            raise Killed
    batches = (Batch(e, features, targets, np.arange(8)) for e in range(loop.next_epoch, 2))
    loop.run(batches, 1, np.ones(2, np.float32), (features, targets), stop)
    return [vars(row) for row in loop.history]

folder = Path(sys.argv[1])
whole = train(folder / "whole")
try:
    train(folder / "twice", stop_after=0)
except Killed:
    pass
again = train(folder / "twice")
kept = network()
kept.load_weights(folder / "whole" / "model.weights.h5")
same = (folder / "whole" / "model.weights.h5").read_bytes() == (folder / "twice" / "model.weights.h5").read_bytes()
print(json.dumps([whole, again, same]))
"""


@pytest.mark.timeout(180)
def test_training_with_a_teacher_goes_on_where_it_was_and_leaves_the_network_alone(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", TRAIN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    whole, again, same = json.loads(done.stdout.splitlines()[-1])
    assert whole == again
    assert same
    assert whole[0]["loss"] > whole[1]["loss"] > 0
