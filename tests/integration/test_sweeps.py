"""Sweeps from the command line without training: folders, shared results, failures, continuation."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kwspipe.sweep import record
from support import tiny_speech

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def overrides(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return tiny_speech.write(tmp_path_factory.mktemp("speech") / "words")


def command(overrides: list[str], *more: str) -> list[str]:
    return [sys.executable, "-m", "kwspipe", "-m", *overrides, *more]


def sweep(folder: Path, overrides: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(overrides, *more), capture_output=True, text=True, cwd=folder)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "sweeps" / "smoke" / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def job(folder: Path, **values: str) -> Path:
    (row,) = (row for row in rows(folder) if all(row[key] == value for key, value in values.items()))
    return folder / "sweeps" / "smoke" / row["folder"]


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_other_jobs_run_and_are_listed_if_a_job_fails(
    tmp_path: Path, overrides: list[str], launcher: str
) -> None:
    more = ("model.alpha=-1,0.1,0.2", "seed=1", f"hydra/launcher={launcher}")
    result = sweep(tmp_path, overrides, *more)
    assert result.returncode == 1
    assert "1 of 3 jobs failed" in result.stderr and "Traceback" not in result.stderr
    assert "failed: The configuration has 1 problem(s)" in result.stdout
    assert "model.alpha: received -1; input should be greater than 0" in result.stdout
    assert [(row["folder"][:-13], row["status"]) for row in rows(tmp_path)] == [
        ("alpha_-1", "failed"),
        ("alpha_0.1", "done"),
        ("alpha_0.2", "done"),
    ]
    # prepare does not read model.alpha. Its result is shared.
    first = job(tmp_path, **{"model.alpha": "0.1"}) / "prepare" / "manifest.json"
    second = job(tmp_path, **{"model.alpha": "0.2"}) / "prepare" / "manifest.json"
    assert first.samefile(second)
    assert len(list((tmp_path / "sweeps" / "smoke" / ".shared").glob("prepare-*"))) == 1
    assert not (tmp_path / "runs").exists()
    # A second start with one more value runs the missing job.
    before = first.stat().st_mtime_ns
    result = sweep(tmp_path, overrides, "model.alpha=0.1,0.2,0.3", "seed=1", f"hydra/launcher={launcher}")
    assert result.returncode == 0, result.stderr
    assert "2 of 3 jobs are done already; 1 to do" in result.stderr
    assert first.stat().st_mtime_ns == before
    assert sorted(row["status"] for row in rows(tmp_path)) == ["done"] * 3 + ["failed"]


def test_killed_sweep_continues(tmp_path: Path, overrides: list[str]) -> None:
    more = ("seed=1,2,3",)
    process = subprocess.Popen(
        command(overrides, *more), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder = tmp_path / "sweeps" / "smoke"
    deadline_s = time.monotonic() + 120
    while time.monotonic() < deadline_s:  # until the second job runs
        records = [record.read(path) for path in folder.glob("*")]
        states = [one.status for one in records if one]
        if "done" in states and "running" in states:
            break
        time.sleep(0.02)
    assert process.poll() is None, "the sweep ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    result = sweep(tmp_path, overrides, *more)
    assert result.returncode == 0, result.stderr
    assert "jobs are done already" in result.stderr
    assert [row["status"] for row in rows(tmp_path)] == ["done"] * 3
    partial = {
        path.name
        for path in tmp_path.rglob(".*")
        if path.name.endswith((".partial", ".old", ".writer", ".tmp"))
    }
    assert partial == set()


def test_composition_errors_are_reported_before_the_first_job(tmp_path: Path, overrides: list[str]) -> None:
    result = sweep(tmp_path, overrides, "augment=light,lihgt")
    assert result.returncode == 1 and "augment/lihgt" in result.stderr and "Traceback" not in result.stderr
    assert not list(tmp_path.glob("sweeps/smoke/*/prepare"))
