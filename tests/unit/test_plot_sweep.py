"""Figures of a sweep against one another."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "plot_sweep.py"
HEAD = "folder,model,seed,status,words_accuracy,instructions,seconds,code,cause"
ROWS = (
    "a,small,1,done,0.80,100,1,c,",
    "b,small,2,done,0.84,100,1,c,",
    "c,large,1,done,0.90,300,1,c,",
    "d,slow,1,done,0.81,400,1,c,",
    "e,lost,1,failed,,,1,c,out of memory",
)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (folder / "sweep.csv").write_text("\n".join((HEAD, *ROWS)) + "\n")
    command = [sys.executable, SCRIPT, folder, *arguments, "--to", folder / "plot.svg"]
    return subprocess.run(command, capture_output=True, text=True)


def test_seeds_are_one_point_and_the_front_leaves_out_what_is_beaten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import plot_sweep

    (tmp_path / "sweep.csv").write_text("\n".join((HEAD, *ROWS)) + "\n")
    table = tmp_path / "sweep.csv"
    found = plot_sweep.points(table, "instructions", "words_accuracy", "model", ["words_accuracy"])
    assert [(p.label, p.x, p.ys) for p in found] == [
        ("small", 100, (0.80, 0.84)), ("large", 300, (0.90,)), ("slow", 400, (0.81,)),
    ]  # fmt: skip
    assert [p.label for p in plot_sweep.front(found)] == ["small", "large"]


def test_a_picture_is_drawn_and_the_same_one_twice(tmp_path: Path) -> None:
    done = run(tmp_path, "--label", "model", "--front")
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "plot.svg").read_bytes()
    assert first.startswith(b"<?xml")
    run(tmp_path, "--label", "model", "--front")
    assert (tmp_path / "plot.svg").read_bytes() == first


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "--label", "modell")
    assert done.returncode == 1
    assert "no column modell. There are: folder, model, seed" in done.stderr
