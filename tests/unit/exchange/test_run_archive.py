"""Run archive: reproducible bytes, files of one model only, rejection of changed archives."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
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
    """Replaces members, or removes them (None), without a change of the index."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | change
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def test_the_archive_contains_the_model_and_its_metrics(run_dir: Path) -> None:
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


def test_the_weights_of_the_archive_are_a_checkpoint(run_dir: Path, tmp_path: Path) -> None:
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
    assert "train/model.weights.h5" not in run_archive.collect_members(
        run_dir
    )  # the model was not quantized from them
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
        ({"archive.json": None}, "it has no valid archive.json"),
        ({"archive.json": b"[]"}, "it has no valid archive.json"),
        ({"quantize/labels.txt": b"other"}, "labels.txt: a member that is missing or differs from"),
        ({"quantize/labels.txt": None}, "labels.txt: a member that is missing or differs from"),
        ({"extra.txt": b"x"}, "extra.txt: a member that is missing or differs from"),
        ({"../extra.txt": b"x"}, "points outside the archive"),
    ],
)
def test_changed_archives_are_rejected(run_dir: Path, change: dict[str, bytes | None], text: str) -> None:
    path = run_archive.write(run_dir, "small")
    assert path is not None
    with pytest.raises(KwspipeError) as caught:
        run_archive.read(rewrite(path, change))
    assert text in str(caught.value)


def test_a_newer_format_and_a_missing_file_are_rejected(run_dir: Path) -> None:
    path = run_archive.write(run_dir, "small")
    assert path is not None
    index = json.dumps({"format": 2, "files": {}}).encode()
    with pytest.raises(KwspipeError, match=r"format 2\. Allowed: format 1\. Next: use the release"):
        run_archive.read(rewrite(path, {"archive.json": index}))
    with pytest.raises(KwspipeError, match="there is no such file"):
        run_archive.read(run_dir / "none.kwspipe.zip")
