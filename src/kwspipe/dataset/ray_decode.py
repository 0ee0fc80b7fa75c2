"""Decoding on a Ray cluster: the nodes decode batches of files, and the samples are returned in order.

Only the decoding runs on the cluster. The store is therefore equal, byte for byte, to a store prepared without Ray.
Each node requires access to the recordings under the same path, and the same versions of the decoders. If a node cannot
read a file, this machine reads the file too. If it succeeds, the node has no access to the recordings, which is an
error. Batches of a worker or node that terminates are decoded by another.
"""

import importlib.util
import itertools
import logging
import os
import platform
import socket
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from kwspipe.audio import pcm as audio
from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import RayRuntimeConfig, RuntimeConfig
from kwspipe.dataset.decode import MAX_PENDING_LONG, ReadFiles, read_file, read_files
from kwspipe.dataset.recordings import Recording
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash

# Number of batches submitted ahead of the one that is written, per core of the cluster.
BATCHES_PER_CORE = 2
# Number of times a batch is decoded again after its worker or node has terminated.
MAX_RETRIES = 5
CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class DecodedBatch:
    """The result of a batch.

    Attributes:
        node: name of the node.
        pcm: samples of each recording, or its error.
    """

    node: str
    pcm: Sequence[Pcm | AudioError]


@contextmanager
def file_reader(runtime: RuntimeConfig) -> Iterator[ReadFiles]:
    """Yields the function that decodes files: on this machine, or on a Ray cluster.

    Raises:
        KwspipeError: Ray is not installed, or the cluster cannot be reached.
    """
    if runtime.name == "local":
        yield read_files
        return
    with closing(RayReader(runtime)) as reader:
        yield reader


class RayReader:
    """Decodes files on a Ray cluster, as ``decode.read_files`` does on this machine.

    Args:
        runtime: address of the cluster and size of a batch.

    Raises:
        KwspipeError: Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(self, runtime: RayRuntimeConfig) -> None:
        self._ray = _connect(runtime)
        self._files_per_task = runtime.files_per_task
        options = {"num_cpus": 1, "max_retries": MAX_RETRIES, "scheduling_strategy": "SPREAD"}
        self._decode = self._ray.remote(**options)(decode_batch)
        num_cores = int(self._ray.cluster_resources().get("CPU", 0))
        if num_cores == 0:
            self.close()
            raise _no_cluster(runtime, "a cluster without available cores")
        self._window = BATCHES_PER_CORE * num_cores

    def __call__(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Yields the samples of each file in order, and consumes ``recordings`` a bounded number ahead.

        Raises:
            KwspipeError: a node has other decoders or no access to the files, or a batch failed too often.
        """
        for is_word, group in itertools.groupby(recordings, lambda recording: bool(recording.word)):
            paths = (recording.origin for recording in group)
            batches = _batches(paths, self._files_per_task if is_word else 1)
            window = self._window if is_word else MAX_PENDING_LONG
            for batch, decoded in self._in_order(batches, is_word, sample_rate_hz, window):
                for path, pcm in zip(batch, decoded.pcm, strict=True):
                    if isinstance(pcm, AudioError):
                        pcm = _local_fault(path, is_word, sample_rate_hz, pcm, decoded.node)
                    yield pcm

    def close(self) -> None:
        """Disconnects from the cluster, and stops it if it was started for this run."""
        self._ray.shutdown()

    def _in_order(
        self, batches: Iterable[list[str]], is_word: bool, sample_rate_hz: int, window: int
    ) -> Iterator[tuple[list[str], DecodedBatch]]:
        pending: deque[tuple[list[str], Any]] = deque()
        for batch in batches:
            pending.append((batch, self._decode.remote(batch, is_word, sample_rate_hz, versions())))
            if len(pending) >= window:
                yield self._result(*pending.popleft())
        while pending:
            yield self._result(*pending.popleft())

    def _result(self, batch: list[str], promise: Any) -> tuple[list[str], DecodedBatch]:
        try:
            return batch, self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, KwspipeError):
                raise cause from None
            raise KwspipeError(
                "runtime",
                f"the cluster could not decode a batch of {len(batch)} files ({_last_line(error)})",
                "running nodes with this version of kwspipe[ray] installed",
                "check the nodes (ray status), then run the same command again, or with runtime=local",
            ) from None


def decode_batch(
    paths: Sequence[str], is_word: bool, sample_rate_hz: int, expected: dict[str, str]
) -> DecodedBatch:
    """Decodes files; runs on a node.

    Args:
        paths: the files.
        is_word: see ``decode.read_file``.
        sample_rate_hz: rate of the result.
        expected: versions of the decoders in the process that submitted the batch.

    Raises:
        KwspipeError: the node has other versions of the decoders.
    """
    node = platform.node()
    installed = versions()
    if installed != expected:
        differing = [name for name in expected if installed.get(name) != expected[name]]
        raise KwspipeError(
            "runtime",
            f"node {node} has another {', '.join(differing)}: {', '.join(installed[name] for name in differing)}",
            f"the same on every node: {', '.join(expected[name] for name in differing)}",
            "install the same versions there, or remove the node from the cluster",
        )
    return DecodedBatch(node, [read_file(path, is_word, sample_rate_hz) for path in paths])


@cache
def versions() -> dict[str, str]:
    """Returns the versions of the software on which the decoded samples depend."""
    return {
        "kwspipe.audio.pcm": file_hash(Path(audio.__file__))[:12],
        "numpy": np.__version__,
        "libsndfile": soundfile.__libsndfile_version__,
        "soxr": soxr.__version__,
    }


def _batches(paths: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(paths)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def _local_fault(path: str, is_word: bool, sample_rate_hz: int, fault: AudioError, node: str) -> AudioError:
    """Returns the error of a file on this machine, or raises KwspipeError if this machine can read the file."""
    local = read_file(path, is_word, sample_rate_hz)
    if isinstance(local, AudioError):
        return local
    raise KwspipeError(
        "runtime",
        f"node {node} cannot read {path} ({fault.detail}), but this machine can",
        "recordings that every node of the cluster can read under the same path",
        "mount the folder on every node, remove the node from the cluster, or run with runtime=local",
    )


def _connect(runtime: RayRuntimeConfig) -> Any:
    """Connects to the cluster and returns the module ``ray``."""
    if importlib.util.find_spec("ray") is None:
        raise KwspipeError(
            "runtime", "ray, which is not installed", "runtime=local, or Ray", "pip install kwspipe[ray]"
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    address = runtime.address
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", "auto")
    assert address is not None
    try:
        if ":" in address:  # Ray waits for minutes if the address does not respond
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        raise _no_cluster(runtime, _last_line(error)) from None
    return ray


def _no_cluster(runtime: RayRuntimeConfig, received: str) -> KwspipeError:
    return KwspipeError(
        "runtime.address",
        f"{runtime.address!r}: {received}",
        "auto (RAY_ADDRESS, or the cluster this machine is in), <host>:<port> of a head node, or local",
        "start a cluster (ray start --head), correct the address, or run with runtime=local",
    )


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
