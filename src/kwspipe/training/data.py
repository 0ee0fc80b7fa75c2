"""From stored clips to features: training batches made by worker processes, ahead of the trainer."""

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.augment import Augmenter, place
from kwspipe.config import AugmentConfig, FrontendConfig
from kwspipe.dataset.store import ClipStore
from kwspipe.frontend import FrontEnd
from kwspipe.process import exit_with_parent

Features = npt.NDArray[np.int8]
Indices = npt.NDArray[np.int64]

# Batches in the making at one time: enough that the trainer never waits, and a few MB at most.
BATCHES_AHEAD = 24


@dataclass(frozen=True)
class Batch:
    """One training batch.

    Attributes:
        epoch: counted from 0.
        features: (clips, frames, channels) int8.
        targets: (clips,) index of the label.
    """

    epoch: int
    features: Features
    targets: Indices


def split_features(store: ClipStore, frontend: FrontendConfig, split: str) -> tuple[Features, Indices]:
    """Computes the features of a split as they are measured: no augmentation, the word in the middle.

    Hard negatives are left out: they are counted apart, so that figures stay comparable whatever their share is.

    Returns:
        Features (clips, frames, channels) int8, and targets (clips,).
    """
    numbers = store.select_plain(split)
    return plain_features(store, frontend, numbers), store.targets[numbers]


def plain_features(store: ClipStore, frontend: FrontendConfig, numbers: Indices) -> Features:
    """Computes the features (clips, frames, channels) int8 of clips with the word in the middle."""
    centre = np.random.default_rng(0)  # not drawn from: the placement is fixed
    length = frontend.sample_length
    clips = [place(store.clip(i), store.word_bounds(i), length, "center", centre) for i in numbers]
    return FrontEnd(frontend).features(np.stack(clips) if clips else np.zeros((0, length), np.int16))


class TrainingBatches:
    """Augmented batches of the training split, epoch after epoch, the same ones for the same seed.

    Args:
        folder: of the prepared store.
        frontend: settings of the features.
        augment: what happens to a clip first.
        batch_size: clips a batch; the last one of an epoch may be smaller.
        seed: decides order and augmentation.
        workers: processes that make batches.
    """

    def __init__(
        self,
        folder: Path,
        frontend: FrontendConfig,
        augment: AugmentConfig,
        batch_size: int,
        seed: int,
        workers: int,
    ) -> None:
        store = ClipStore(folder)
        self.numbers = store.select("training")
        self.targets = store.targets
        self.batch_size = batch_size
        self.seed = seed
        self.pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(folder, frontend, augment, seed),
        )

    @property
    def num_batches(self) -> int:
        """Batches an epoch."""
        return -(-len(self.numbers) // self.batch_size)

    def epochs(self, first: int, end: int) -> Iterator[Batch]:
        """Yields the batches of epochs ``first`` to ``end`` - 1, a bounded number of them made ahead."""
        pending: deque[tuple[int, Indices, Future[Features]]] = deque()
        for epoch, numbers in self._plan(first, end):
            pending.append((epoch, numbers, self.pool.submit(_make_features, epoch, numbers)))
            if len(pending) == BATCHES_AHEAD:
                yield self._finish(*pending.popleft())
        while pending:
            yield self._finish(*pending.popleft())

    def _plan(self, first: int, end: int) -> Iterator[tuple[int, Indices]]:
        for epoch in range(first, end):
            order = np.random.default_rng((self.seed, epoch)).permutation(self.numbers)
            for start in range(0, len(order), self.batch_size):
                yield epoch, order[start : start + self.batch_size]

    def _finish(self, epoch: int, numbers: Indices, features: "Future[Features]") -> Batch:
        return Batch(epoch, features.result(), self.targets[numbers])

    def __enter__(self) -> "TrainingBatches":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown(cancel_futures=True)


class _Worker:
    """What a worker process holds."""

    def __init__(self, folder: Path, frontend: FrontendConfig, augment: AugmentConfig, seed: int) -> None:
        self.store = ClipStore(folder)
        self.frontend = FrontEnd(frontend)
        noise = self.store.noise("training")
        self.augmenter = Augmenter(augment, noise, frontend.sample_length, frontend.sample_rate_hz)
        self.seed = seed

    def features(self, epoch: int, numbers: Indices) -> Features:
        clips = [
            self.augmenter.clip(self.store.clip(i), self.store.word_bounds(i), (self.seed, epoch, int(i)))
            for i in numbers
        ]
        return self.frontend.features(np.stack(clips))


_worker: _Worker


def _start_worker(*arguments: Any) -> None:
    global _worker
    exit_with_parent()
    _worker = _Worker(*arguments)


def _make_features(epoch: int, numbers: Indices) -> Features:
    return _worker.features(epoch, numbers)
