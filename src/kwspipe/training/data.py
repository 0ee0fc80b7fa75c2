"""From stored clips to features: training batches made by worker processes, ahead of the trainer."""

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.augment import Augmenter, clip_keys, crop_or_pad_around_word
from kwspipe.config import AugmentConfig, FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.files.process import exit_with_parent

Features = npt.NDArray[np.int8]
Indices = npt.NDArray[np.int64]

# Batches in the making at one time: enough that the trainer never waits, and a few MB at most.
BATCHES_AHEAD = 24
# Clips whose samples are in memory at one time while their features are computed: about 20 MB.
CLIPS_A_BLOCK = 512
# glibc gives freed memory back to the system, page by page, above twice the largest block ever freed, up to this size;
# getting it anew for every batch would cost as much as half of the clips' features do.
LARGEST_KEPT_BYTES = 30 << 20


@dataclass(frozen=True)
class Batch:
    """One training batch.

    Attributes:
        epoch: counted from 0.
        features: (clips, frames, channels) int8.
        targets: (clips,) index of what each is taught as.
        numbers: (clips,) of the clips in the store.
    """

    epoch: int
    features: Features
    targets: Indices
    numbers: Indices


class DataWaitTimer:
    """Batches, and what share of its time the one who takes them waits for them."""

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
        """Returns the share of the time since it was last asked for, or since the start; adds to the totals."""
        passed_s, waited_s = time.perf_counter() - self._since_s, self._waited_s
        self._waited_s, self._since_s = 0.0, self._since_s + passed_s
        self.total_s, self.total_waited_s = self.total_s + passed_s, self.total_waited_s + waited_s
        return waited_s / passed_s


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
    length, front_end = frontend.sample_length, FrontEnd(frontend)
    features = np.empty((len(numbers), front_end.num_frames, front_end.num_channels), np.int8)
    for start in range(0, len(numbers), CLIPS_A_BLOCK):
        block = numbers[start : start + CLIPS_A_BLOCK]
        clips = [
            crop_or_pad_around_word(store.clip(i), store.word_bounds(i), length, "center", centre)
            for i in block
        ]
        features[start : start + CLIPS_A_BLOCK] = front_end.features(np.stack(clips))
    return features


def calibration_features(store: ClipStore, frontend: FrontendConfig, most: int) -> Features:
    """Returns the features of at most so many training clips, spread evenly over the split (sorted by label)."""
    numbers = store.select("training")
    count = min(most, len(numbers))
    return plain_features(
        store, frontend, numbers[np.linspace(0, len(numbers) - 1, count).round().astype(int)]
    )


class TrainingBatches:
    """Augmented batches of the training split, epoch after epoch, the same ones for the same seed.

    Args:
        folder: of the prepared store.
        frontend: settings of the features.
        augment: what happens to a clip first.
        batch_size: clips a batch; the last one of an epoch may be smaller.
        seed: decides order and augmentation.
        workers: processes that make batches.
        taught: (clips of the store,) index of what each clip is taught as, if that is not its label.
    """

    def __init__(
        self,
        folder: Path,
        frontend: FrontendConfig,
        augment: AugmentConfig,
        batch_size: int,
        seed: int,
        workers: int,
        taught: Indices | None = None,
    ) -> None:
        store = ClipStore(folder)
        self.numbers = store.select("training")
        self.taught = store.targets if taught is None else taught
        self.batch_size = batch_size
        self.seed = seed
        self.pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(folder, frontend, augment, seed),
        )
        for _ in range(workers):  # they start while the model is made ready
            self.pool.submit(_worker_ready)

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
            rng = np.random.default_rng((self.seed, epoch))
            order = rng.permutation(self.numbers)
            for start in range(0, len(order), self.batch_size):
                yield epoch, order[start : start + self.batch_size]

    def _finish(self, epoch: int, numbers: Indices, features: "Future[Features]") -> Batch:
        return Batch(epoch, features.result(), self.taught[numbers], numbers)

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
    exit_with_parent()
    np.empty(LARGEST_KEPT_BYTES, np.uint8)  # freed at once, and never touched
    _worker = _Worker(*arguments)


def _make_features(epoch: int, numbers: Indices) -> Features:
    return _worker.features(epoch, numbers)


def _worker_ready() -> None:
    """Does nothing; a pool starts its processes when there is something to do."""
