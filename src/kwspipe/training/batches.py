"""Training batches: augmented features of stored clips, computed ahead by worker processes."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from kwspipe.augment import Augmenter, clip_keys
from kwspipe.config import AugmentConfig, FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.files.process import worker_pool
from kwspipe.training.features import Features, Indices

# Batches that are computed or wait at one time: the training never waits, and they take a few MB.
BATCHES_AHEAD = 24
# glibc returns freed memory to the system, page by page, if it exceeds twice the largest block ever freed, up to this
# size. A new allocation for each batch would take half as long as the features of the clips.
LARGEST_RETAINED_BYTES = 30 << 20


@dataclass(frozen=True)
class Batch:
    """A training batch.

    Attributes:
        epoch: number of the epoch, counted from 0.
        features: (clips, frames, channels) int8.
        targets: (clips,) index of the training class.
        numbers: (clips,) number of the clip in the store.
    """

    epoch: int
    features: Features
    targets: Indices
    numbers: Indices


class DataWaitTimer:
    """Iterator over batches that measures the time its consumer waits for them."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self.batches = batches
        self.total_s = self.total_waited_s = 0.0
        self._waited_s, self._since_s = 0.0, time.perf_counter()

    def __iter__(self) -> "DataWaitTimer":
        return self

    def __next__(self) -> Batch:
        start_s = time.perf_counter()
        try:
            return next(self.batches)
        finally:
            self._waited_s += time.perf_counter() - start_s

    def share(self) -> float:
        """Returns the share of waiting in the time since the previous call or the start, and adds it to the totals."""
        passed_s, waited_s = time.perf_counter() - self._since_s, self._waited_s
        self._waited_s, self._since_s = 0.0, self._since_s + passed_s
        self.total_s, self.total_waited_s = self.total_s + passed_s, self.total_waited_s + waited_s
        return waited_s / passed_s


class TrainingBatches:
    """Augmented batches of the training split. The same seed gives the same batches for any number of workers.

    Args:
        folder: folder of the prepared store.
        frontend: settings of the features.
        augment: placement and transforms.
        batch_size: clips per batch; the last batch of an epoch may be smaller.
        seed: seed of order and augmentation.
        workers: number of worker processes.
        classes: (clips of the store,) training class of each clip; None: the index of its label.
    """

    def __init__(
        self,
        folder: Path,
        frontend: FrontendConfig,
        augment: AugmentConfig,
        batch_size: int,
        seed: int,
        workers: int,
        classes: Indices | None = None,
    ) -> None:
        store = ClipStore(folder)
        self.numbers = store.select("training")
        self.classes = store.targets if classes is None else classes
        self.batch_size = batch_size
        self.seed = seed
        # The workers start while the network is built.
        self.pool = worker_pool(workers, _start_worker, (folder, frontend, augment, seed))

    @property
    def num_batches(self) -> int:
        """Number of batches per epoch."""
        return -(-len(self.numbers) // self.batch_size)

    def epochs(self, first: int, end: int) -> Iterator[Batch]:
        """Yields the batches of epochs ``first`` to ``end`` - 1. At most ``BATCHES_AHEAD`` are computed ahead."""
        pending: deque[tuple[int, Indices, Future[Features]]] = deque()
        for epoch, numbers in self._plan(first, end):
            pending.append((epoch, numbers, self.pool.submit(_compute_features, epoch, numbers)))
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
        return Batch(epoch, features.result(), self.classes[numbers], numbers)

    def __enter__(self) -> "TrainingBatches":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown(cancel_futures=True)


class _Worker:
    """State of a worker process: store, front end and augmenter."""

    def __init__(self, folder: Path, frontend: FrontendConfig, augment: AugmentConfig, seed: int) -> None:
        self.store = ClipStore(folder)
        self.frontend = FrontEnd(frontend)
        self.augmenter = Augmenter(
            augment,
            self.store.noise("training"),
            frontend.sample_length,
            frontend.sample_rate_hz,
            self.store.labels,
            seed,
        )
        self.seed = seed

    def features(self, epoch: int, numbers: Indices) -> Features:
        keys = clip_keys(self.seed, epoch, numbers)
        labels = [self.store.labels[target] for target in self.store.targets[numbers]]
        recordings = [self.store.clip(number) for number in numbers]
        words = [self.store.word_bounds(number) for number in numbers]
        features = self.frontend.features(self.augmenter.clips(recordings, words, keys, labels))
        self.augmenter.mask(features, keys, labels)
        return features


_worker: _Worker


def _start_worker(*arguments: Any) -> None:
    global _worker
    np.empty(LARGEST_RETAINED_BYTES, np.uint8)  # freed immediately and never written
    _worker = _Worker(*arguments)


def _compute_features(epoch: int, numbers: Indices) -> Features:
    return _worker.features(epoch, numbers)
