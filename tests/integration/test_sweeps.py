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
    more = ("dataset.min_clip_ms=5000,100", "model.alpha=0.1,0.2", "seed=1", f"hydra/launcher={launcher}")
    result = sweep(tmp_path, overrides, *more)
    assert result.returncode == 1
    assert "2 of 4 jobs failed" in result.stderr and "Traceback" not in result.stderr
    failures = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert sorted(line.partition("):")[0] for line in failures) == [
        "failed: job 1 (dataset.min_clip_ms=5000 model.alpha=0.1",
        "failed: job 2 (dataset.min_clip_ms=5000 model.alpha=0.2",
    ]
    assert all("no usable clip of 'yes' in training" in line for line in failures)
    assert "failed: dataset.words.0: no usable clip of 'yes' in training" in result.stdout
    assert sorted((row["model.alpha"], row["status"]) for row in rows(tmp_path)) == [
        ("0.1", "done"),
        ("0.1", "failed"),
        ("0.2", "done"),
        ("0.2", "failed"),
    ]
    # prepare does not read model.alpha. Its result is shared.
    first = job(tmp_path, **{"model.alpha": "0.1", "status": "done"}) / "prepare" / "manifest.json"
    second = job(tmp_path, **{"model.alpha": "0.2", "status": "done"}) / "prepare" / "manifest.json"
    assert first.samefile(second)
    assert len(list((tmp_path / "sweeps" / "smoke" / ".shared").glob("prepare-*"))) == 1
    assert not (tmp_path / "runs").exists()
    # A second start with one more value runs the missing job. Failures of the first start are not listed.
    before = first.stat().st_mtime_ns
    more = ("dataset.min_clip_ms=100", "model.alpha=0.1,0.2,0.3", "seed=1", f"hydra/launcher={launcher}")
    result = sweep(tmp_path, overrides, *more)
    assert result.returncode == 0, result.stderr
    assert "2 of 3 jobs are done already; 1 to do" in result.stderr
    assert first.stat().st_mtime_ns == before
    assert [row["status"] for row in rows(tmp_path)] == ["done"] * 3


def test_faults_of_all_jobs_are_reported_before_a_folder_is_created(
    tmp_path: Path, overrides: list[str]
) -> None:
    result = sweep(tmp_path, overrides, "model.alpha=-1,0.1", "seed=1,2", "dataset.noise_roots=[/nowhere]")
    assert result.returncode == 1 and "has 2 problems; nothing was started" in result.stderr
    assert "model.alpha: received -1" in result.stderr
    assert "(2 of 4 jobs: model.alpha=-1 seed=1, model.alpha=-1 seed=2)" in result.stderr
    assert "dataset.noise_roots.0: '/nowhere', which is not a folder" in result.stderr
    assert "correct or remove it (all 4 jobs)" in result.stderr
    assert list(tmp_path.iterdir()) == []


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
    assert result.returncode == 1 and "augment=lihgt: no such choice" in result.stderr
    assert list(tmp_path.iterdir()) == []
