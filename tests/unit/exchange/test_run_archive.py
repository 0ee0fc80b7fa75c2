"""The archive of a run: the same bytes again, only what belongs to one model, nothing hostile taken."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.exchange import model_card, run_archive
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.class_outputs import class_names
from support.run_folders import make_run, stage_hash, write_stage


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def run_dir(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "small"))


def rewrite(path: Path, change: dict[str, bytes | None]) -> Path:
    """Puts members in, or takes them out (None), without telling the index."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | change
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def test_it_holds_the_model_and_all_that_was_measured(run_dir: Path) -> None:
    path = run_archive.write(run_dir, "small")
    assert path == run_dir / "small.kwspipe.zip"
    members = run_archive.read(path)
    assert {
        "quantize/model.tflite", "quantize/model.kws", "quantize/labels.txt", "quantize/golden.npz",
        "quantize/profile.csv", "evaluate/metrics.json", "evaluate/predictions.csv", "prepare/summary.json",
        "config.yaml", "model_card.md",
    } <= set(members)  # fmt: skip
    for name in members.keys() - {"config.yaml", "model_card.md"}:
        assert members[name] == (run_dir / name).read_bytes()
    assert not any(name.endswith("manifest.json") for name in members)
    assert members["model_card.md"] == (run_dir / "model_card.md").read_bytes()
    assert run_archive.read_run(run_dir).keys() == members.keys() - {"model_card.md"}


def test_the_same_run_gives_the_same_bytes(run_dir: Path, finished: Path) -> None:
    path = run_archive.write(run_dir, "small")
    assert path is not None
    first = path.read_bytes()
    path.unlink()
    run_archive.write(run_dir, "small")
    assert path.read_bytes() == first


def test_an_evaluation_of_an_earlier_model_is_left_out(run_dir: Path) -> None:
    quantized = {path.name: path.read_bytes() for path in (run_dir / "quantize").glob("[!m]*")}
    quantized |= {path.name: path.read_bytes() for path in (run_dir / "quantize").glob("model.*")}
    config = json.loads((run_dir / "quantize" / "manifest.json").read_text())["config"]
    write_stage(run_dir, "quantize", quantized | {"float.tflite": b"another"}, config, {})
    members = run_archive.collect_members(run_dir)
    assert "quantize/float.tflite" in members
    assert not any(name.startswith(("evaluate/", "prepare/")) for name in members)


def test_weights_of_the_model_are_in_it_and_serve_as_a_checkpoint(run_dir: Path, tmp_path: Path) -> None:
    import h5py
    import numpy as np

    with h5py.File(tmp_path / "w.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "predictions"
        group["0"] = np.ones((2, 3), np.float32)
    history = b"epoch,loss\n0,1.0\n"
    classes = b'{"names": ["one", "_unknown_", "cat"], "labels": [0, 1, 1]}'
    files = {
        "model.weights.h5": (tmp_path / "w.h5").read_bytes(), "classes.json": classes, "history.csv": history,
    }  # fmt: skip
    config = {
        "seed": 42,
        "train": {"batch_size": 16, "monitor": "val_loss"},
        "augment": {"transforms": [{"name": "Gain"}]},
    }
    write_stage(run_dir, "train", files | {"transfer.json": b'{"checkpoint": null}'}, config, {})
    assert "train/model.weights.h5" not in run_archive.collect_members(run_dir)  # the model was not made from them
    manifest = json.loads((run_dir / "quantize" / "manifest.json").read_text())
    manifest["inputs"]["train"] = stage_hash(run_dir, "train")
    (run_dir / "quantize" / "manifest.json").write_text(json.dumps(manifest))
    path = run_archive.write(run_dir, "small")
    assert path is not None
    assert list(read_checkpoint(path)) == ["predictions"]
    assert class_names(path) == ("one", "_unknown_", "cat")
    card = (run_dir / "model_card.md").read_text()
    assert "started from random weights" in card and "augmentation: Gain" in card


def test_without_a_model_there_is_no_archive(tmp_path: Path, run_dir: Path) -> None:
    assert run_archive.write(tmp_path, "none") is None
    assert not (tmp_path / "none.kwspipe.zip").exists()
    (run_dir / "quantize" / "labels.txt").write_text("changed")
    assert run_archive.write(run_dir, "small") is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"archive.json": None}, "it has no archive.json that can be read"),
        ({"archive.json": b"[]"}, "it has no archive.json that can be read"),
        ({"quantize/labels.txt": b"other"}, "labels.txt: a member that is missing, or that is not what"),
        ({"quantize/labels.txt": None}, "labels.txt: a member that is missing, or that is not what"),
        ({"extra.txt": b"x"}, "extra.txt: a member that is missing, or that is not what"),
        ({"../extra.txt": b"x"}, "points outside the archive"),
    ],
)
def test_changed_archives_are_refused(run_dir: Path, change: dict[str, bytes | None], text: str) -> None:
    path = run_archive.write(run_dir, "small")
    assert path is not None
    with pytest.raises(KwspipeError) as caught:
        run_archive.read(rewrite(path, change))
    assert text in str(caught.value)


def test_a_newer_format_and_a_missing_file_say_so(run_dir: Path) -> None:
    path = run_archive.write(run_dir, "small")
    assert path is not None
    index = json.dumps({"format": 2, "files": {}}).encode()
    with pytest.raises(KwspipeError, match=r"format 2\. Allowed: format 1\. Next: use the release"):
        run_archive.read(rewrite(path, {"archive.json": index}))
    with pytest.raises(KwspipeError, match="there is no such file"):
        run_archive.read(run_dir / "none.kwspipe.zip")


def test_the_card_says_what_it_is(run_dir: Path) -> None:
    run_archive.write(run_dir, "small")
    card = (run_dir / "model_card.md").read_text()
    lines = card.splitlines()
    assert lines[0] == "# small"
    assert lines[2].startswith("> **Recordings of people.**")
    assert "A keyword spotter for one, two, as an int8 network of 11,564 multiply-accumulates" in card
    assert "| words right | 80.0 % | 80.0 % |" in card
    assert "| `_unknown_` | 10 | 70.0 % | 77.8 % |" in card
    assert "The device's code equals the reference kernels on 40 of 40 clips." in card
    assert "false alarms an hour were not measured" in card
    assert "import.path=small.kwspipe.zip" in card
    assert all(
        lines[i - 1] == "" for i, line in enumerate(lines) if line.startswith(("## ", "> **", "# ")) and i
    )
    assert "{{" not in card and "{%" not in card


def test_the_card_tells_of_synthetic_clips_in_training(run_dir: Path) -> None:
    summary = json.loads((run_dir / "prepare" / "summary.json").read_text())
    summary |= {"synthetic": False, "synthetic_training_clips": {"one": 20, "_unknown_": 40}}
    files = run_archive.collect_members(run_dir) | {"prepare/summary.json": json.dumps(summary).encode()}
    card = model_card.render(files)
    assert "In training there were 60 synthetic clips besides." in card


def test_the_card_warns_of_synthetic_speech(run_dir: Path) -> None:
    summary = json.loads((run_dir / "prepare" / "summary.json").read_text())
    summary |= {"synthetic": True, "source_used": "synthetic"}
    files = run_archive.collect_members(run_dir) | {"prepare/summary.json": json.dumps(summary).encode()}
    card = model_card.render(files)
    assert card.splitlines()[2].startswith("> **Synthetic speech.** No human voice is in the data")
    files.pop("evaluate/metrics.json")
    assert "Not measured: the stage `evaluate` has not run on this model." in model_card.render(files)
