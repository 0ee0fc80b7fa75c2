"""Decoding on two local Ray nodes: the store does not change, even if a worker or node terminates."""

import hashlib
import importlib.util
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from kwspipe.config import DatasetConfig, FrontendConfig, LocalRuntimeConfig, RayRuntimeConfig
from kwspipe.dataset import ray_decode
from kwspipe.dataset.decode import read_files
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.ray_decode import RayReader, file_reader
from kwspipe.dataset.recordings import Recording
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.errors import KwspipeError
from support.datasets import RATE_HZ, write
from support.default_settings import CONF

SOURCES = Path(ray_decode.__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two nodes with one core each."""
    pytest.importorskip("ray.cluster_utils", reason="needs Ray: pip install kwspipe[ray]")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(SOURCES))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
        cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
        cluster.add_node(**node)
        yield cluster
        cluster.shutdown()


@pytest.fixture
def reader(cluster: Any) -> Iterator[RayReader]:
    with file_reader(RayRuntimeConfig("ray", cluster.address, 4)) as reader:
        yield reader  # type: ignore[misc]


def test_the_store_is_equal_to_that_of_one_process(
    make_dataset: Callable[..., DatasetConfig],
    frontend: FrontendConfig,
    corpus: Path,
    tmp_path: Path,
    reader: RayReader,
):
    one = corpus / "one"
    (one / "s2_nohash_0.wav").write_bytes(b"")
    (one / "s3_nohash_0.wav").write_bytes(b"RIFF nonsense")
    write(one / "s4_nohash_0.wav", np.full(RATE_HZ, np.nan), subtype="FLOAT")
    write(corpus / "cat" / "s0_nohash_0.wav", np.zeros(RATE_HZ))
    write(tmp_path / "talk" / "long.flac", np.random.default_rng(0).normal(0, 0.1, 20 * RATE_HZ), 44100)
    talk = (str(tmp_path / "talk"),)

    def hashes(name: str, read: Any) -> dict[str, str]:
        (tmp_path / name).mkdir()
        dataset = make_dataset(noise_roots=talk, negative_roots=talk)
        prepare(dataset, frontend, 1, tmp_path / name, read)
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / name).iterdir()
        }

    local = hashes("local", read_files)
    assert hashes("ray", reader) == local
    assert len(local) == 9


def test_a_node_without_access_to_the_recordings_is_an_error(
    corpus: Path, reader: RayReader, monkeypatch: pytest.MonkeyPatch
):
    """This process can read a file that does not exist for the nodes."""
    monkeypatch.setattr(ray_decode, "read_file", lambda *_: np.zeros(10, np.int16))
    recording = Recording("one/x.wav", "one", "x", None, str(corpus / "local_only.wav"), "")
    with pytest.raises(KwspipeError) as caught:
        list(reader([recording], RATE_HZ))
    expected = (
        f"cannot read {corpus}/local_only.wav (No such file or directory), but this machine can. Allowed: "
        "recordings that every node of the cluster can read under the same path. Next: mount the folder on every node"
    )
    assert expected in str(caught.value)


def test_a_node_with_other_decoders_is_an_error(
    corpus: Path, reader: RayReader, monkeypatch: pytest.MonkeyPatch
):
    expected = ray_decode.versions() | {"soxr": "0.0.1"}
    monkeypatch.setattr(ray_decode, "versions", lambda: expected)
    with pytest.raises(
        KwspipeError, match=r"runtime: node .* has another soxr: .*the same on every node: 0.0.1"
    ):
        list(reader(FolderSource(corpus).find().words, RATE_HZ))


def test_a_worker_and_a_node_may_terminate(cluster: Any, corpus: Path, tmp_path: Path, reader: RayReader):
    import ray

    decode_batch = ray_decode.decode_batch
    terminated = tmp_path / "terminated"

    @ray.remote(max_retries=2, scheduling_strategy="SPREAD")
    def terminate_once(paths: list[str], *arguments: Any) -> ray_decode.DecodedBatch:
        if paths[0].endswith("s0_nohash_0.wav") and not terminated.exists():
            terminated.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return decode_batch(paths, *arguments)

    recordings = list(FolderSource(corpus).find().words)
    expected = [pcm.tobytes() for pcm in read_files(recordings, RATE_HZ)]  # type: ignore[union-attr]
    reader._decode = terminate_once
    samples = reader(recordings, RATE_HZ)
    read = [next(samples).tobytes() for _ in range(12)]  # type: ignore[union-attr]
    cluster.remove_node(cluster.list_all_nodes()[-1])
    read += [pcm.tobytes() for pcm in samples]  # type: ignore[union-attr]
    assert terminated.exists()
    assert read == expected


def test_a_batch_that_never_succeeds_is_an_error(cluster: Any, reader: RayReader, corpus: Path):
    import ray

    @ray.remote(max_retries=0)
    def terminate(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    reader._decode = terminate
    with pytest.raises(KwspipeError, match=r"could not decode a batch of 4 files .*or with runtime=local"):
        list(reader(FolderSource(corpus).find().words, RATE_HZ))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere.invalid:6379", "auto"])
def test_a_missing_cluster_is_an_error(address: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("ray", reason="needs Ray: pip install kwspipe[ray]")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(KwspipeError) as caught, file_reader(RayRuntimeConfig("ray", address, 4)):
        pass
    assert f"runtime.address: '{address}': [Errno" in str(caught.value)
    assert "Next: start a cluster (ray start --head), correct the address, or run with runtime=local" in str(
        caught.value
    )


def test_a_missing_ray_package_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(KwspipeError, match=r"which is not installed.*pip install kwspipe\[ray\]"):
        RayReader(RayRuntimeConfig("ray", "auto", 4))


def test_both_runtimes_are_in_the_configuration():
    local = LocalRuntimeConfig(**OmegaConf.load(CONF / "runtime" / "local.yaml"))
    ray = RayRuntimeConfig(**OmegaConf.load(CONF / "runtime" / "ray.yaml"))
    assert (local.name, ray.name, ray.address) == ("local", "ray", "auto")
    with file_reader(local) as read:
        assert read is read_files
    with pytest.raises(ValueError, match=r"address is '10.0.0.1'; allowed: auto, local, or the head node's"):
        RayRuntimeConfig("ray", "10.0.0.1", 4)
