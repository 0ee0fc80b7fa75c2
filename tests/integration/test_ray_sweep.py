"""A sweep on a Ray cluster of two nodes on this machine, one of which is lost in the middle."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import tiny_speech

pytest.importorskip("ray", reason="needs the extra `ray`")
pytestmark = pytest.mark.timeout(900)

# The cluster and the sweep in a process of their own: Ray leaves threads and signal handlers behind.
SWEEP = """
import sys, threading, time
from pathlib import Path
import ray
from ray.cluster_utils import Cluster
from kwspipe.__main__ import main
from kwspipe.sweep import record

folder = Path("sweeps/smoke")
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
cluster.wait_for_nodes()

def lose_a_node():
    while True:
        records = [record.read(path) for path in folder.glob("*")]
        if sum(kept is not None and kept.status == "running" for kept in records) == 2:
            break
        time.sleep(0.05)
    cluster.remove_node(nodes[0], allow_graceful=False)
    Path("lost").touch()

threading.Thread(target=lose_a_node, daemon=True).start()
sys.argv[1:] = ["-m", *sys.argv[1:], "hydra/launcher=ray", "hydra.launcher.ray.remote.num_cpus=1",
                f"hydra.launcher.ray.init.address={cluster.address}"]
try:
    main()
finally:
    cluster.shutdown()
"""


def test_a_sweep_survives_the_loss_of_a_node(tmp_path: Path) -> None:
    overrides = tiny_speech.write(tmp_path / "words", speakers=40)
    command = [sys.executable, "-c", SWEEP, *overrides, "seed=1,2,3,4"]
    environment = {**os.environ, "RAY_TMPDIR": "/tmp", "RAY_USAGE_STATS_ENABLED": "0"}
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "lost").exists(), result.stderr
    assert result.returncode == 0, result.stderr + result.stdout
    with (tmp_path / "sweeps" / "smoke" / "sweep.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["done"] * 4
    left = {
        path.name for path in (tmp_path / "sweeps").rglob(".*") if path.name.endswith((".partial", ".writer"))
    }
    assert left == set()
