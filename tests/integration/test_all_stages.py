"""All stages from the command line, on synthetic speech with two keywords and two epochs."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kwspipe.transfer.checkpoint import read_checkpoint

pytest.importorskip("espeakng_loader", reason="needs the extra `synthetic`")
pytest.importorskip("unicorn", reason="needs the extra `emulator`")

# The first training step takes half a minute on an idle machine, and several minutes on a busy one.
pytestmark = pytest.mark.timeout(1800)

OVERRIDES = (
    "+experiment=smoke",
    "dataset=synthetic",
    "dataset.synthetic.clips_per_word=24",
    "dataset.synthetic.noise_s=8.0",
    "dataset.unknown_words=[cat,dog,happy]",
    "dataset.unknown_class_percentage=3.0",
    "train.num_auxiliary_word_classes=2",
    "train.epochs=2",
    "train.batch_size=28",  # five equal batches of 140 clips; another size of the last one would be traced separately
    "transfer=none",
)


def command(run_dir: Path, *overrides: str) -> list[str]:
    return [sys.executable, "-m", "kwspipe", *OVERRIDES, f"run_dir={run_dir}", *overrides]


def run(run_dir: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    # The working directory is not the checkout, because results must not depend on it.
    return subprocess.run(command(run_dir, *overrides), capture_output=True, text=True, cwd=run_dir.parent)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "logs" not in path.parts and path.name not in ("log.txt", ".lock.owner")
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    run_dir = tmp_path_factory.mktemp("runs") / "finished"
    result = run(run_dir)
    assert result.returncode == 0, result.stderr
    return run_dir, result


def test_stages_write_all_files(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run_dir, _ = finished
    expected = {
        "prepare": ("clips-00000.i16", "noise-00000.i16", "clips.csv", "manifest.json"),
        "train": ("model.weights.h5", "classes.json", "history.csv", "transfer.json", "manifest.json"),
        "quantize": (
            *("model.tflite", "labels.txt", "model.kws", "golden.npz", "summary.txt", "profile.csv"),
            "manifest.json",
        ),
        "evaluate": ("metrics.json", "mistakes.csv", "confusion.png", "training.png", "manifest.json"),
        "deploy": ("emulated.json", "manifest.json"),
    }
    for stage, names in expected.items():
        assert [name for name in names if not (run_dir / stage / name).is_file()] == []
    assert (run_dir / "config.yaml").is_file() and (run_dir / "report.html").is_file()
    assert (run_dir / "quantize" / "labels.txt").read_text().split() == [
        "yes",
        "no",
        "_unknown_",
        "_silence_",
    ]
    temporary = [path.name for path in run_dir.iterdir() if path.name.endswith((".partial", ".old", ".tmp"))]
    assert temporary == []


def test_auxiliary_word_classes_are_merged_in_the_deployed_model(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run_dir, _ = finished
    classes = json.loads((run_dir / "train" / "classes.json").read_text())
    names = [
        "yes",
        "no",
        "_unknown_",
        "_silence_",
        "cat",
        "dog",
    ]  # two of three words with equal numbers of clips
    assert classes == {"names": names, "labels": [0, 1, 2, 3, 2, 2]}
    arrays = read_checkpoint(run_dir)
    assert arrays["predictions"][1].shape == (6,)
    assert np.array_equal(arrays["other_words"][0], np.eye(4)[classes["labels"]])
    with np.load(run_dir / "quantize" / "golden.npz") as golden:
        assert golden["outputs"].shape[1] == 4


def test_metrics_have_all_keys(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    metrics = json.loads((finished[0] / "evaluate" / "metrics.json").read_text())
    for form in ("float", "int8", "device"):
        assert 0 <= metrics[form]["accuracy"] <= 1
        assert set(metrics[form]["per_class"]) == {"yes", "no", "_unknown_", "_silence_"}
        assert {"recall", "precision", "auc"} <= set(metrics[form]["per_class"]["yes"])
        assert len(metrics[form]["confusion"]) == 4
    assert metrics["data"]["synthetic"] is True
    assert metrics["parity"]["clips"] > 0 and metrics["parity"]["equal"] == metrics["parity"]["clips"]


def test_board_has_the_model_and_equal_outputs(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    report = json.loads((finished[0] / "deploy" / "emulated.json").read_text())
    assert report["parity"] == {"vectors": 8, "equal": True}
    assert report["instructions_per_inference"] > 1_000_000 and report["push_seconds"] > 0
    assert report["arena_bytes"] <= 60_000 and report["image_bytes"] <= 330_000
    with (finished[0] / "quantize" / "profile.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["instructions"]) for row in rows) <= report["instructions_per_inference"]
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=0.01)


def test_output_has_the_results_and_the_warning_of_synthetic_speech(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run_dir, result = finished
    printed = " ".join((result.stdout + result.stderr).split())
    for text in ("5/5 deploy", "synthetic speech", "keywords recognized", "int8", "quantize/model.tflite"):
        assert text in printed
    assert "run_dir=" in printed and str(run_dir) in printed
    assert "Traceback" not in result.stderr and "tensorflow" not in result.stderr.lower()


def test_deployed_model_has_the_parameters_of_front_end_and_detector(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    from kwspipe.tflite.metadata import read_parameters

    parameters = read_parameters((finished[0] / "quantize" / "model.tflite").read_bytes())
    assert parameters["classes"] == ["yes", "no", "_unknown_", "_silence_"]
    assert parameters["fe.sample_rate_hz"] == 16000 and parameters["fe.fft_length"] == 512
    assert parameters["detection_threshold"] == 145


def test_each_speaker_is_in_one_split(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    with (finished[0] / "prepare" / "clips.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "_silence_"]
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row["speaker"], set()).add(row["split"])
    assert len(splits) > 3 and all(len(names) == 1 for names in splits.values())


def test_second_run_computes_nothing(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run_dir, _ = finished
    before = hashes(run_dir)
    result = run(run_dir)
    assert result.returncode == 0
    assert result.stderr.count("up to date") == 5
    assert hashes(run_dir) == before


def test_run_that_is_killed_twice_has_the_same_weights(
    finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    run_dir = tmp_path / "killed"
    for started in (run_dir / ".prepare.partial", run_dir / ".train.partial" / "state" / "state.json"):
        process = subprocess.Popen(
            command(run_dir, "stages=[prepare,train]"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            start_new_session=True,
        )
        deadline_s = time.monotonic() + 600
        while not started.exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert started.exists() and process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(1)  # its child processes end after it
    result = run(run_dir, "stages=[prepare,train]")
    assert result.returncode == 0, result.stderr
    for name in (
        "prepare/clips-00000.i16",
        "prepare/clips.csv",
        "train/model.weights.h5",
        "train/classes.json",
        "train/history.csv",
    ):
        assert (run_dir / name).read_bytes() == (finished[0] / name).read_bytes(), name
