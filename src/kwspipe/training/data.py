"""From stored clips to features: training batches made by worker processes, ahead of the trainer."""

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.augment import Augmenter, place
from kwspipe.config import AugmentConfig, FrontendConfig
from kwspipe.dataset.store import Clips, ClipStore
from kwspipe.frontend import FrontEnd
from kwspipe.process import exit_with_parent

Features = npt.NDArray[np.int8]

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
    targets: npt.NDArray[np.int64]


def plain_features(clips: Clips, frontend: FrontendConfig, indices: Iterable[int] | None = None) -> Features:
    """Computes features as they are measured: no augmentation, the word in the middle.

    Args:
        clips: of one split.
        frontend: settings of the features.
        indices: of the clips wanted; None for all.

    Returns:
        (clips, frames, channels) int8.
    """
    centre = np.random.default_rng(0)  # not drawn from: the placement is fixed
    length = frontend.sample_length
    chosen = range(len(clips)) if indices is None else indices
    placed = [place(clips[i], _word(clips, i), length, "center", centre) for i in chosen]
    return FrontEnd(frontend).features(np.stack(placed) if placed else np.zeros((0, length), np.int16))


def _word(clips: Clips, index: int) -> tuple[int, int]:
    return int(clips.trim_start[index]), int(clips.trim_end[index])


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
        self.targets = ClipStore(folder).select("training").label_index
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
        return -(-len(self.targets) // self.batch_size)

    def epochs(self, first: int, end: int) -> Iterator[Batch]:
        """Yields the batches of epochs ``first`` to ``end`` - 1, a bounded number of them made ahead."""
        pending: deque[tuple[int, npt.NDArray[np.int64], Future[Features]]] = deque()
        for epoch, indices in self._plan(first, end):
            pending.append((epoch, indices, self.pool.submit(_make_features, epoch, indices)))
            if len(pending) == BATCHES_AHEAD:
                yield self._finish(*pending.popleft())
        while pending:
            yield self._finish(*pending.popleft())

    def _plan(self, first: int, end: int) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        for epoch in range(first, end):
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.targets))
            for start in range(0, len(order), self.batch_size):
                yield epoch, order[start : start + self.batch_size]

    def _finish(self, epoch: int, indices: npt.NDArray[np.int64], features: "Future[Features]") -> Batch:
        return Batch(epoch, features.result(), self.targets[indices])

    def __enter__(self) -> "TrainingBatches":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown(cancel_futures=True)


class _Worker:
    """What a worker process holds."""

    def __init__(self, folder: Path, frontend: FrontendConfig, augment: AugmentConfig, seed: int) -> None:
        store = ClipStore(folder)
        self.clips = store.select("training")
        self.frontend = FrontEnd(frontend)
        stored = store.noise("training")
        noise = [stored[i] for i in range(len(stored))]
        self.augmenter = Augmenter(augment, noise, frontend.sample_length, frontend.sample_rate_hz)
        self.seed = seed

    def features(self, epoch: int, indices: npt.NDArray[np.int64]) -> Features:
        clips = [
            self.augmenter.clip(self.clips[i], _word(self.clips, i), (self.seed, epoch, int(i)))
            for i in indices
        ]
        return self.frontend.features(np.stack(clips))


_worker: _Worker


def _start_worker(*arguments: Any) -> None:
    global _worker
    exit_with_parent()
    _worker = _Worker(*arguments)


def _make_features(epoch: int, indices: npt.NDArray[np.int64]) -> Features:
    return _worker.features(epoch, indices)
