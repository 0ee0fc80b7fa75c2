"""Training batches: independence of the number of workers, limit of batches ahead, and the end of the workers."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import AugmentConfig
from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.training import batches as batches_module
from kwspipe.training.batches import Batch, DataWaitTimer, TrainingBatches
from support.default_settings import FRONTEND
from support.own_process import command, environment

LABELS = ("one", "_silence_")
AUGMENT = AugmentConfig(
    placement="random",
    transforms=(
        {"name": "Speed", "p": 0.5},
        {"name": "AddBackgroundNoise", "p": 1.0, "min_snr_db": 0.0, "max_snr_db": 20.0},
        {"name": "SpecTimeMask", "p": 0.5, "labels": ["one"]},
    ),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    rng = np.random.default_rng(0)
    with StoreWriter(folder, LABELS) as writer:
        for number in range(40):
            pcm = rng.integers(-3000, 3000, 16000 if number % 4 else 19200).astype(np.int16)
            trim, label = ((4000, 9000), "one") if number % 4 else ((0, 19200), "_silence_")
            writer.add_clip(
                pcm, trim, label=label, kind="word", word=label, speaker=f"s{number}",
                split="training" if number < 37 else "validation", source="folder", path=f"{number}.wav",
            )  # fmt: skip
        noise = rng.integers(-500, 500, 80000).astype(np.int16)
        writer.add_noise_segment("hum", "training", writer.add_noise(noise), len(noise))
        writer.finish({"labels": LABELS})
    return folder


def batches_of(store: Path, workers: int, batch_size: int, first: int = 0, seed: int = 3) -> list[Batch]:
    with TrainingBatches(store, FRONTEND, AUGMENT, batch_size, seed, workers) as batches:
        return list(batches.epochs(first, 3))


def test_batches_depend_neither_on_the_workers_nor_on_earlier_epochs(store: Path) -> None:
    one, two = batches_of(store, 1, 8), batches_of(store, 2, 8)
    assert [b.epoch for b in one] == [0] * 5 + [1] * 5 + [2] * 5
    assert [len(b.targets) for b in one[:5]] == [8, 8, 8, 8, 5]
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.features, b.features) and np.array_equal(a.targets, b.targets)
    later = batches_of(store, 1, 8, first=2)
    assert all(np.array_equal(a.features, b.features) for a, b in zip(one[10:], later, strict=True))
    assert not np.array_equal(one[0].features, one[5].features)


def test_each_epoch_has_each_clip_once_in_another_order(store: Path) -> None:
    with TrainingBatches(store, FRONTEND, AUGMENT, 8, 3, 1) as batches:
        plan = list(batches._plan(0, 2))
    orders = [np.concatenate([numbers for epoch, numbers in plan if epoch == e]) for e in (0, 1)]
    assert [sorted(order) for order in orders] == [list(range(37))] * 2
    assert not np.array_equal(*orders)


def test_the_number_of_batches_ahead_is_limited(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "BATCHES_AHEAD", 3)
    with TrainingBatches(store, FRONTEND, AUGMENT, 4, 3, 1) as batches:
        submitted = []
        submit = batches.pool.submit
        monkeypatch.setattr(batches.pool, "submit", lambda *a: (submitted.append(a), submit(*a))[1])
        stream = batches.epochs(0, 100)
        for _ in range(5):
            next(stream)
        assert len(submitted) == 5 + 2


def test_workers_end_when_their_parent_is_killed(store: Path) -> None:
    program = command("wait_with_workers.py", store)
    parent = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment())
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(workers) == 2 and all(is_alive(pid) for pid in workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline_s = time.monotonic() + 10
    while any(is_alive(pid) for pid in workers) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not any(is_alive(pid) for pid in workers)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # If no process reaps orphans, a process that has ended stays as a zombie.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_share_of_waiting_is_measured() -> None:
    def slow() -> Iterator[Batch]:
        for _ in range(2):
            time.sleep(0.1)
            yield Batch(0, np.zeros((1, 1, 1), np.int8), np.zeros(1, np.int64), np.zeros(1, np.int64))

    timer = DataWaitTimer(slow())
    next(timer)
    time.sleep(0.1)
    first = timer.share()
    time.sleep(0.1)
    assert 0.2 < first < 0.8
    assert timer.share() == 0
    assert 0 < timer.total_waited_s < timer.total_s
    next(timer)
    with pytest.raises(StopIteration):
        next(timer)
    assert timer.share() > 0.5


def test_targets_are_the_training_classes_of_the_clips(store: Path) -> None:
    targets = ClipStore(store).targets
    # Each clip of the keyword has another training class.
    classes = np.where(targets == 0, 2 + np.arange(len(targets)), 1)
    with TrainingBatches(store, FRONTEND, AUGMENT, 8, 3, 1, classes) as batches:
        epoch = list(batches.epochs(0, 1))
    numbers = np.concatenate([batch.numbers for batch in epoch])
    assert np.array_equal(np.concatenate([batch.targets for batch in epoch]), classes[numbers])
