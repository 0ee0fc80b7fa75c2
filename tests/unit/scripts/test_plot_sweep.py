"""Plot of the figures of a sweep: points, Pareto front, picture, error messages."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from support.paths import SCRIPTS
from support.sweep_jobs import write_job

SCRIPT = SCRIPTS / "plot_sweep.py"
JOBS = (
    ("small", "1", 0.80, 200), ("small", "2", 0.84, 200), ("large", "1", 0.90, 300), ("slow", "1", 0.81, 400),
)  # fmt: skip


def sweep(folder: Path) -> Path:
    for model, seed, accuracy, instructions in JOBS:
        overrides = {"model": model, "seed": seed, "clips": str(instructions / 10)}
        write_job(folder, overrides, accuracy=accuracy, instructions=instructions)
    write_job(folder, {"model": "lost", "seed": "1", "clips": "5"}, status="failed", cause="out of memory")
    return folder


def command(folder: Path, *arguments: str) -> list[str]:
    words = [SCRIPT, folder, "--y", "accuracy", *arguments, "--to", folder / "plot.svg"]
    return list(map(str, words))


@pytest.fixture
def plot_sweep(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Returns the script as a module."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import plot_sweep

    return plot_sweep


@pytest.fixture
def message(plot_sweep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Returns a function that returns the message of the script on standard error."""

    def run(folder: Path, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", command(folder, *arguments))
        with pytest.raises(SystemExit) as caught:
            plot_sweep.main()
        assert isinstance(caught.value.code, str)  # Python prints it and returns the exit code 1
        return caught.value.code

    return run


@pytest.mark.parametrize(("x", "scale"), [("instructions", 1), ("clips", 10)])
def test_seeds_are_one_point_and_the_front_excludes_dominated_points(
    x: str, scale: int, tmp_path: Path, plot_sweep: ModuleType
) -> None:
    found = plot_sweep.points(sweep(tmp_path), x, "accuracy", "model")
    assert sorted((p.label, p.x * scale, p.ys) for p in found) == [
        ("large", 300, (0.90,)), ("slow", 400, (0.81,)), ("small", 200, (0.80, 0.84)),
    ]  # fmt: skip
    assert [p.label for p in plot_sweep.front(found)] == ["small", "large"]


def test_folds_are_pooled(tmp_path: Path, plot_sweep: ModuleType) -> None:
    for fold, accuracy, words in (("0", 0.9, 35), ("1", 0.5, 5)):
        write_job(tmp_path, {"dataset.fold": fold, "model": "small"}, accuracy=accuracy, words=words)
    (point,) = plot_sweep.points(tmp_path, "instructions", "accuracy", "model")
    assert point.ys == (pytest.approx((0.9 * 40 + 0.5 * 10) / 50),)


def test_picture_is_reproducible(
    tmp_path: Path, plot_sweep: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = [sys.executable, *command(sweep(tmp_path), "--label", "model", "--front")]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "plot.svg").read_bytes()
    assert first.startswith(b"<?xml")
    (tmp_path / "plot.svg").unlink()
    monkeypatch.setattr(sys, "argv", command(tmp_path, "--label", "model", "--front"))
    plot_sweep.main()
    assert (tmp_path / "plot.svg").read_bytes() == first


@pytest.mark.parametrize("label", ["modell", "instructions"])
def test_unknown_override_is_named(label: str, tmp_path: Path, message: Callable[..., str]) -> None:
    text = message(sweep(tmp_path), "--label", label)
    assert f"no override {label}. Available: model, seed, clips" in text


def test_unknown_figure_is_named(tmp_path: Path, message: Callable[..., str]) -> None:
    text = message(sweep(tmp_path), "--label", "model", "--x", "instruction")
    assert "no figure or override instruction. Available: validation, accuracy, words_accuracy" in text
    assert "instructions, model, seed, clips" in text


def test_axis_of_texts_is_rejected(tmp_path: Path, message: Callable[..., str]) -> None:
    text = message(sweep(tmp_path), "--label", "model", "--x", "model")
    assert "a job has model=large; --x requires numbers, or one of validation, accuracy" in text
