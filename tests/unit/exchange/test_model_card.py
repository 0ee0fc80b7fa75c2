"""Model card of a run: description, metrics and kinds of data."""

import json
import shutil
from pathlib import Path

import pytest

from kwspipe.exchange import model_card, run_archive
from support.run_folders import make_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def run_dir(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "small"))


def test_the_card_describes_the_model(run_dir: Path) -> None:
    run_archive.write(run_dir, "small")
    card = (run_dir / "model_card.md").read_text()
    lines = card.splitlines()
    assert lines[0] == "# small"
    assert lines[2].startswith("> **Recordings of people.**")
    assert "A keyword spotter for one, two, as an int8 network of 11,564 multiply-accumulates" in card
    assert "| keywords recognized | 80.0 % | 80.0 % |" in card
    assert "| `_unknown_` | 10 | 70.0 % | 77.8 % |" in card
    assert "The outputs of the device code equal those of the reference kernels on 40 of 40 clips." in card
    assert "false accepts per hour were not measured" in card
    assert "import.path=small.kwspipe.zip" in card
    assert all(
        lines[i - 1] == "" for i, line in enumerate(lines) if line.startswith(("## ", "> **", "# ")) and i
    )
    assert "{{" not in card and "{%" not in card


def test_the_card_states_synthetic_clips_of_the_training(run_dir: Path) -> None:
    summary = json.loads((run_dir / "prepare" / "summary.json").read_text())
    summary |= {"synthetic": False, "synthetic_training_clips": {"one": 20, "_unknown_": 40}}
    files = run_archive.collect_members(run_dir) | {"prepare/summary.json": json.dumps(summary).encode()}
    card = model_card.render(files)
    assert "The training data contains 60 synthetic clips in addition." in card


def test_the_card_warns_about_synthetic_speech(run_dir: Path) -> None:
    summary = json.loads((run_dir / "prepare" / "summary.json").read_text())
    summary |= {"synthetic": True, "source_used": "synthetic"}
    files = run_archive.collect_members(run_dir) | {"prepare/summary.json": json.dumps(summary).encode()}
    card = model_card.render(files)
    assert card.splitlines()[2].startswith(
        "> **Synthetic speech.** All clips of training and test are synthesized"
    )
    files.pop("evaluate/metrics.json")
    assert "Not measured: the stage `evaluate` has not run on this model." in model_card.render(files)
