"""Sweep on a Ray cluster of two nodes on this machine, one of which is lost during the sweep."""

import csv
import os
import subprocess
from pathlib import Path

import pytest

from support import tiny_speech
from support.own_process import command

pytest.importorskip("ray", reason="needs the extra `ray`")
pytestmark = pytest.mark.timeout(900)


def test_sweep_continues_after_the_loss_of_a_node(tmp_path: Path) -> None:
    overrides = tiny_speech.write(tmp_path / "words", speakers=40)
    # A separate process, because threads and signal handlers of Ray remain after its shutdown.
    program = command("sweep_on_ray_cluster.py", *overrides, "seed=1,2,3,4")
    environment = {**os.environ, "RAY_TMPDIR": "/tmp", "RAY_USAGE_STATS_ENABLED": "0"}
    result = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "lost").exists(), result.stderr
    assert result.returncode == 0, result.stderr + result.stdout
    with (tmp_path / "sweeps" / "smoke" / "sweep.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["done"] * 4
    partial = {
        path.name for path in (tmp_path / "sweeps").rglob(".*") if path.name.endswith((".partial", ".writer"))
    }
    assert partial == set()
