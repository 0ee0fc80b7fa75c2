"""Parallel decoding of recordings in their order, and the check of each clip."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from kwspipe.audio.pcm import AudioError, Pcm, peak_db, read_pcm, word_bounds
from kwspipe.config import DatasetConfig
from kwspipe.dataset.recordings import Recording

# Maximum duration of a clip of one word. A longer recording has not been cut into words.
MAX_CLIP_S = 60.0
# Number of recordings decoded ahead of the one that is written; it bounds the memory.
MAX_PENDING = 64
# The same for recordings of noise and of keyword-free speech, which may be hours long.
MAX_PENDING_LONG = 4

FULL_SCALE = 32768

Item = TypeVar("Item")
Result = TypeVar("Result")
# Decodes files in order: on this machine (``read_files``) or on a cluster (``ray_decode.RayReader``).
ReadFiles = Callable[[Iterable[Recording], int], Iterator[Pcm | AudioError]]


@dataclass(frozen=True)
class Clip:
    """A clip and the bounds of the word in it.

    Attributes:
        pcm: (samples,) int16.
        trim_start: first sample of the word.
        trim_end: the sample after the last of the word.
    """

    pcm: Pcm
    trim_start: int
    trim_end: int


def num_workers() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_order(
    executor: Executor, function: Callable[[Item], Result], items: Iterable[Item], window: int = MAX_PENDING
) -> Iterator[Result]:
    """Yields ``function(item)`` in the order of the items.

    Args:
        executor: runs the function.
        function: the function.
        items: its arguments.
        window: maximum number of items submitted whose results have not been yielded.
    """
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(executor.submit(function, item))
            if len(pending) >= window:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def read_files(recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
    """Decodes recordings whose origin is the path of a file; see ``Source.read``.

    Threads decode in parallel, because the decoders release the GIL.
    """
    with ThreadPoolExecutor(num_workers(), thread_name_prefix="decode") as executor:
        for is_word, group in itertools.groupby(recordings, lambda recording: bool(recording.word)):
            read = partial(read_file, is_word=is_word, sample_rate_hz=sample_rate_hz)
            paths = (recording.origin for recording in group)
            yield from map_in_order(executor, read, paths, MAX_PENDING if is_word else MAX_PENDING_LONG)


def read_file(path: str, is_word: bool, sample_rate_hz: int) -> Pcm | AudioError:
    """Decodes one file, (samples,) int16; an ``AudioError`` is returned, not raised.

    Args:
        path: the file.
        is_word: limits the duration to that of a clip.
        sample_rate_hz: rate of the result.
    """
    try:
        return read_pcm(Path(path), sample_rate_hz, MAX_CLIP_S if is_word else None)
    except AudioError as fault:
        return fault


def check_clip(pcm: Pcm, path: str, dataset: DatasetConfig, sample_rate_hz: int) -> Clip:
    """Checks the duration and level of a clip and finds the word in it.

    Raises:
        AudioError: the clip is too short, silent or clipped.
    """
    duration_ms = pcm.size * 1000 / sample_rate_hz
    if duration_ms < dataset.min_clip_ms:
        allowed = f"at least dataset.min_clip_ms={dataset.min_clip_ms}"
        raise AudioError(path, "too_short", f"{duration_ms:.0f} ms", allowed)
    peak = peak_db(pcm)
    if peak < dataset.min_peak_db:
        allowed = f"a peak of at least dataset.min_peak_db={dataset.min_peak_db:g}"
        raise AudioError(path, "silent", f"a peak of {peak:.1f} dB", allowed)
    clipped = np.count_nonzero((pcm >= FULL_SCALE - 1) | (pcm <= 1 - FULL_SCALE)) / pcm.size
    if clipped > dataset.max_clipped_fraction:
        allowed = f"at most dataset.max_clipped_fraction={dataset.max_clipped_fraction:g}"
        raise AudioError(path, "clipped", f"{clipped:.0%} of its samples at full scale", allowed)
    return Clip(pcm, *word_bounds(pcm, sample_rate_hz, dataset.trim_below_peak_db))
