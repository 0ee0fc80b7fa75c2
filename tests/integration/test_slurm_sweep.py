"""Sweep with Slurm on a controller and a node that the test starts and stops."""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support import slurm_cluster, tiny_speech

pytest.importorskip("submitit", reason="needs the extra `slurm`")
pytestmark = pytest.mark.timeout(900)


def test_sweep_with_slurm(tmp_path: Path) -> None:
    overrides = tiny_speech.write(tmp_path / "words")
    launcher = [
        "hydra/launcher=submitit_slurm",
        "hydra.launcher.cpus_per_task=1",
        "hydra.launcher.mem_gb=null",
    ]
    command = [sys.executable, "-m", "kwspipe", "-m", *overrides, *launcher, "model.alpha=-1,0.1", "seed=1,2"]
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        try:
            with slurm_cluster.running(Path(folder) / "cluster", cpus=2) as environment:
                result = subprocess.run(
                    command, capture_output=True, text=True, cwd=tmp_path, env=environment
                )
        except slurm_cluster.CannotStartError as reason:
            pytest.skip(str(reason))
    assert result.returncode == 1, result.stderr + result.stdout
    assert "2 of 4 jobs failed" in result.stderr and "Traceback" not in result.stderr
    with (tmp_path / "sweeps" / "smoke" / "sweep.csv").open() as file:
        rows = {(row["model.alpha"], row["seed"]): row for row in csv.DictReader(file)}
    assert {key: row["status"] for key, row in rows.items()} == {
        ("-1", "1"): "failed",
        ("-1", "2"): "failed",
        ("0.1", "1"): "done",
        ("0.1", "2"): "done",
    }
    assert "model.alpha: received -1" in rows["-1", "1"]["cause"]
    # The jobs ran in processes of Slurm, which write their output to files.
    (output,) = (tmp_path / "sweeps" / "smoke" / rows["0.1", "1"]["folder"]).glob("output.txt")
    assert "1/1 prepare" in output.read_text()
