"""Decoding on a Ray cluster: its nodes decode batches of files, and the samples come back in order.

The process that prepares still finds, draws and writes, all in order, so the store is the same, byte for byte, as
without Ray. Every node has to see the recordings under the same path, and to have the same decoders. What a node cannot
read is read once more here: a bad file is bad here too, and a folder that a node does not see is an error, not a
recording left out. What a worker or a node had under way when it died is done again by another.
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

# Batches given to the cluster ahead of the one being written, for each of its cores.
BATCHES_PER_CORE = 2
# How often a batch is done again when its worker or its node dies.
MAX_RETRIES = 5
CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class DecodedBatch:
    """What a node made of a batch.

    Attributes:
        node: its name.
        pcm: samples of each recording, or what is wrong with it.
    """

    node: str
    pcm: Sequence[Pcm | AudioError]


@contextmanager
def file_reader(runtime: RuntimeConfig) -> Iterator[ReadFiles]:
    """Yields what reads files where the configuration says.

    Raises:
        KwspipeError: Ray is not installed, or the cluster cannot be reached.
    """
    if runtime.name == "local":
        yield read_files
        return
    with closing(RayReader(runtime)) as reader:
        yield reader


class RayReader:
    """Reads files on a Ray cluster, as ``decode.read_files`` does here.

    Args:
        runtime: where the cluster is.

    Raises:
        KwspipeError: Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(self, runtime: RayRuntimeConfig) -> None:
        self._ray = _connected(runtime)
        self._files_per_task = runtime.files_per_task
        options = {"num_cpus": 1, "max_retries": MAX_RETRIES, "scheduling_strategy": "SPREAD"}
        self._decode = self._ray.remote(**options)(decode_batch)
        num_cores = int(self._ray.cluster_resources().get("CPU", 0))
        if num_cores == 0:
            self.close()
            raise _no_cluster(runtime, "a cluster whose nodes have no cores to give")
        self._window = BATCHES_PER_CORE * num_cores

    def __call__(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Yields the samples of each file, in order; ``recordings`` are taken a bounded number ahead.

        Raises:
            KwspipeError: a node has other decoders or does not see the files, or too many nodes died.
        """
        for is_word, group in itertools.groupby(recordings, lambda recording: bool(recording.word)):
            paths = (recording.origin for recording in group)
            batches = _batches(paths, self._files_per_task if is_word else 1)
            window = self._window if is_word else MAX_PENDING_LONG
            for batch, decoded in self._in_order(batches, is_word, sample_rate_hz, window):
                for path, pcm in zip(batch, decoded.pcm, strict=True):
                    if isinstance(pcm, AudioError):
                        pcm = _judged_here(path, is_word, sample_rate_hz, pcm, decoded.node)
                    yield pcm

    def close(self) -> None:
        """Leaves the cluster; one that was started for this run ends."""
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
                "nodes with kwspipe[ray] of this version installed, most of which stay alive",
                "look at the nodes (ray status), then run the same command again, or with runtime=local",
            ) from None


def decode_batch(
    paths: Sequence[str], is_word: bool, sample_rate_hz: int, expected: dict[str, str]
) -> DecodedBatch:
    """Decodes files; runs on a node.

    Raises:
        KwspipeError: this node's decoders are not the ones of the process that prepares.
    """
    node = platform.node()
    here = versions()
    if here != expected:
        differing = [name for name in expected if here.get(name) != expected[name]]
        raise KwspipeError(
            "runtime",
            f"node {node} has another {', '.join(differing)}: {', '.join(here[name] for name in differing)}",
            f"the same on every node: {', '.join(expected[name] for name in differing)}",
            "install the same versions there, or take the node out of the cluster",
        )
    return DecodedBatch(node, [read_file(path, is_word, sample_rate_hz) for path in paths])


@cache
def versions() -> dict[str, str]:
    """Returns what the samples of a file depend on besides the file."""
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


def _judged_here(path: str, is_word: bool, sample_rate_hz: int, fault: AudioError, node: str) -> AudioError:
    """Returns what is wrong with a file, after making sure that this machine finds it too."""
    here = read_file(path, is_word, sample_rate_hz)
    if isinstance(here, AudioError):
        return here
    raise KwspipeError(
        "runtime",
        f"node {node} cannot read {path} ({fault.detail}), and this machine can",
        "recordings that every node of the cluster sees under the same path",
        "mount the folder on every node, take the node out of the cluster, or run with runtime=local",
    )


def _connected(runtime: RayRuntimeConfig) -> Any:
    """Returns the module ``ray``, connected."""
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
        if ":" in address:  # Ray itself waits for minutes where nobody answers
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
