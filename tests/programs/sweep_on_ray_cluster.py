"""Runs a sweep on a Ray cluster of two nodes and removes one node while a job runs on each. Arguments: overrides.

Writes the file ``lost`` when the node is removed.
"""

import sys
import threading
import time
from pathlib import Path

from ray.cluster_utils import Cluster

from kwspipe.__main__ import main
from kwspipe.sweep import record

FOLDER = Path("sweeps/smoke")


def remove_a_node(cluster: Cluster, node: object) -> None:
    while True:
        records = [record.read(path) for path in FOLDER.glob("*")]
        if sum(one is not None and one.status == "running" for one in records) == 2:
            break
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)
    Path("lost").touch()


if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    threading.Thread(target=remove_a_node, args=(cluster, nodes[0]), daemon=True).start()
    launcher = [
        "hydra/launcher=ray",
        "hydra.launcher.ray.remote.num_cpus=1",
        f"hydra.launcher.ray.init.address={cluster.address}",
    ]
    sys.argv[1:] = ["-m", *sys.argv[1:], *launcher]
    try:
        main()
    finally:
        cluster.shutdown()
