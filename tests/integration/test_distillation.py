"""Training with a teacher: interrupted and gone on with it ends as in one go, and leaves a network without it; a run
that was trained before is one, and Google's speech embedding another."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.run_folders import composed_config

from kwspipe.dataset.store.clip_store import StoreWriter
from kwspipe.pipeline.plan import is_finished
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder
from kwspipe.transfer.checkpoint import read_checkpoint
from support.own_process import printed_by

# In a process of its own: TensorFlow and tflite-runtime do not work together in the tests'.
TRAIN = """
import json, sys
from dataclasses import replace
from pathlib import Path
import keras, numpy as np, tensorflow as tf
from omegaconf import OmegaConf
from tests.support.default_settings import CONF, train_settings
from kwspipe.config import CosineScheduleConfig
from kwspipe.training.data import Batch
from kwspipe.training.distillation import EmbeddingTargets
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
config = train_settings("finetune", epochs=2, tensorboard=False)
schedule = load(CosineScheduleConfig, "schedule/cosine.yaml", initial_learning_rate=0.05)
rng = np.random.default_rng(0)
features = rng.integers(-9, 9, (8, 6, 4)).astype(np.int8)
targets = np.arange(8) % 2
lesson = EmbeddingTargets(np.float32(rng.normal(size=(8, 5))), np.float32(targets), 2.0)

class Killed(Exception): pass

def train(folder, stop_after=None, config=config, lesson=lesson, labels=targets):
    keras.utils.set_random_seed(1)
    folder.mkdir(exist_ok=True)
    loop = TrainingLoop(network(), config, schedule, 1, folder, lesson)
    def stop(result):
        if result.epoch == stop_after:
            raise Killed
    batches = (Batch(e, features, labels, np.arange(8)) for e in range(loop.next_epoch, 2))
    loop.run(batches, 1, np.ones(2, np.float32), (features, targets), stop)
    return [vars(row) for row in loop.history]

folder = Path(sys.argv[1])
whole = train(folder / "whole")
try:
    train(folder / "twice", stop_after=0)
except Killed:
    pass
again = train(folder / "twice")
same = (folder / "whole" / "model.weights.h5").read_bytes() == (folder / "twice" / "model.weights.h5").read_bytes()
kept = network()
kept.load_weights(folder / "whole" / "model.weights.h5")

def kernel(name):
    kept.load_weights(folder / name / "model.weights.h5")
    return kept.get_layer("predictions").get_weights()[0]

# Where all that is taught is what the teacher says, any labels teach the same.
said = np.float32(rng.dirichlet(np.ones(2), 8))
at_once = replace(config, ema_decay=0.0)
by_labels = []
for name, share in (("whole_share", 1.0), ("half", 0.5)):
    sure = replace(lesson, weights=np.ones(8, np.float32), posteriors=said, posteriors_weight=share)
    train(folder / name, config=at_once, lesson=sure)
    train(folder / f"{name}_other_labels", config=at_once, lesson=sure, labels=1 - targets)
    by_labels.append(float(np.abs(kernel(name) - kernel(f"{name}_other_labels")).max()))
print(json.dumps([whole, again, same, by_labels]))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list:
    return printed_by(TRAIN, tmp_path_factory.mktemp("tiny"))


@pytest.mark.timeout(180)
def test_training_with_a_teacher_goes_on_where_it_was_and_leaves_the_network_alone(measured: list) -> None:
    whole, again, same, _ = measured
    assert whole == again
    assert same
    assert whole[0]["loss"] > whole[1]["loss"] > 0


@pytest.mark.timeout(180)
def test_labels_count_for_the_share_that_posteriors_leave_them(measured: list) -> None:
    by_labels_without_share, by_labels_with_half = measured[-1]
    assert by_labels_without_share < 1e-5
    assert by_labels_with_half > 1e-4


LABELS = ("yes", "no", "_unknown_", "_silence_")
SMALL = (
    "+experiment=smoke", "stages=[train]", "model=ds_cnn", "model.filters=8", "model.blocks=1", "transfer=none",
    "augment=none", "train.workers=1",
)  # fmt: skip


def asked(run_dir: Path, *overrides: str) -> list[str]:
    return [*SMALL, f"name={run_dir.name}", f"run_dir={run_dir}", *overrides]


def train(run_dir: Path, *overrides: str) -> None:
    """Trains on a few tones, from the command line."""
    seconds, rng = np.arange(19200) / 16000, np.random.default_rng(0)
    prepared = stage_folder(run_dir / "prepare", Fingerprint({}, {}, "code"))
    with prepared as folder, StoreWriter(folder, LABELS) as writer:
        for number, label in enumerate(LABELS * 8):
            tone = 4000 * np.sin(2 * np.pi * 300 * (1 + number % len(LABELS)) * seconds)
            writer.add_clip(
                (tone + rng.normal(0, 300, seconds.size)).astype(np.int16), (2000, 14000), label=label, kind="word",
                word=label, speaker=f"s{number}", split="training" if number < 24 else "validation",
                source="folder", path=f"{number}.wav",
            )  # fmt: skip
        writer.finish({"labels": LABELS})
    command = [sys.executable, "-m", "kwspipe", *asked(run_dir, *overrides)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=run_dir.parent)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(180)
def test_a_run_with_the_speech_embedding_writes_a_network_without_it(tmp_path: Path) -> None:
    pytest.importorskip("openwakeword", reason="the extra `teacher` is not installed")
    student, plain, cache = tmp_path / "student", tmp_path / "plain", tmp_path / "cache"
    overrides = ["distill=speech_embedding", f"distill.cache_dir={cache}"]
    train(student, *overrides)
    train(plain)
    (cached,) = cache.rglob("*.npy")
    assert np.load(cached).shape == (18, 864)  # of 24 training clips, 6 are silence
    assert [len(row) for row in read_checkpoint(student)["predictions"]] == [8, 4]
    assert read_checkpoint(student).keys() == read_checkpoint(plain).keys()
    # Seed and clips are the same: only the targets differ.
    kernels = [read_checkpoint(run)["predictions"][0] for run in (plain, student)]
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-6
    assert is_finished(composed_config(*asked(student, *overrides)))
