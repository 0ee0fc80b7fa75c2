"""Reading of checkpoints: arrays by layer name from every kind of file, and refusal of hostile files."""

import stat
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.transfer.checkpoint import read_arrays, read_checkpoint

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
BIAS = np.ones(3, np.float32)


def write_legacy(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights/predictions")
        group.attrs["weight_names"] = [b"predictions/kernel:0", b"predictions/bias:0"]
        group["predictions/kernel:0"] = KERNEL
        group["predictions/bias:0"] = BIAS
        file.create_group("model_weights/relu").attrs["weight_names"] = []
    return path


def write_keras3(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        variables = file.create_group("layers/dense_7/vars")
        variables.attrs["name"] = "predictions"
        variables["0"] = KERNEL
        variables["1"] = BIAS
        file.create_group("layers/re_lu")
    return path


def write_archive(path: Path, member: str = "model.h5", mode: int = 0o644) -> Path:
    weights = write_legacy(path.with_suffix(".source.h5"))
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(member)
        info.external_attr = (mode | (stat.S_IFREG if mode < 0o10000 else 0)) << 16
        archive.writestr(info, weights.read_bytes())
        archive.writestr("eval/h5/other.h5", b"not at the top")
    return path


def failure(path: Path) -> str:
    with pytest.raises(KwspipeError) as caught:
        read_checkpoint(path)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["legacy", "keras3", "archive", "run"])
def test_every_kind_of_checkpoint_has_the_same_arrays(tmp_path: Path, kind: str) -> None:
    path = {
        "legacy": lambda: write_legacy(tmp_path / "a.h5"),
        "keras3": lambda: write_keras3(tmp_path / "a.weights.h5"),
        "archive": lambda: write_archive(tmp_path / "a.mltk.zip"),
        "run": lambda: write_keras3(tmp_path / "run" / "train" / "model.weights.h5").parents[1],
    }[kind]()
    arrays = read_checkpoint(path)
    assert list(arrays) == ["predictions"]
    np.testing.assert_array_equal(arrays["predictions"][0], KERNEL)
    np.testing.assert_array_equal(arrays["predictions"][1], BIAS)


def test_the_content_of_a_file_is_read_like_the_file(tmp_path: Path) -> None:
    path = write_keras3(tmp_path / "a.weights.h5")
    for weights in (path, path.read_bytes()):
        arrays = read_arrays(weights, Path("large"))
        assert list(arrays) == ["predictions"]
        np.testing.assert_array_equal(arrays["predictions"][0], KERNEL)
        np.testing.assert_array_equal(arrays["predictions"][1], BIAS)


def test_content_of_another_kind_is_refused_with_its_source() -> None:
    with pytest.raises(KwspipeError) as caught:
        read_arrays(b"hello", Path("large"))
    assert caught.value.where == "large"
    assert caught.value.received.startswith("cannot be read as a checkpoint: ")


def test_the_error_for_a_missing_file_lists_the_accepted_kinds(tmp_path: Path) -> None:
    text = failure(tmp_path / "none.h5")
    assert (
        "there is no such checkpoint" in text and "a vendor's .mltk.zip" in text and "transfer.path" in text
    )


def test_another_kind_of_file_and_a_truncated_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("hello")
    assert "cannot be read as a checkpoint" in failure(tmp_path / "text.h5")
    whole = write_legacy(tmp_path / "whole.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as a checkpoint" in failure(tmp_path / "cut.h5")
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file.create_group("layers")
    assert "it contains no named layers" in failure(tmp_path / "empty.h5")


@pytest.mark.parametrize("member", ["../model.h5", "/etc/model.h5", "a/../../model.h5", "C:\\model.h5"])
def test_members_outside_the_archive_are_refused(tmp_path: Path, member: str) -> None:
    assert "points outside the archive" in failure(write_archive(tmp_path / "a.mltk.zip", member))


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.mltk.zip", mode=stat.S_IFLNK | 0o777)
    assert "points outside the archive" in failure(path)


def test_an_archive_must_have_one_weights_file_at_its_top_level(tmp_path: Path) -> None:
    assert "0 .h5 files at its top level" in failure(write_archive(tmp_path / "a.mltk.zip", "sub/model.h5"))


def test_data_outside_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("model_weights/layer")
        group.create_dataset("kernel", (16,), "f4", external=[(str(tmp_path / "secret"), 0, 64)])
        group.attrs["weight_names"] = ["kernel"]
    assert "a link or data stored elsewhere" in failure(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["model_weights"] = h5py.ExternalLink(str(tmp_path / "a.h5"), "/model_weights")
    assert "a link or data stored elsewhere" in failure(tmp_path / "b.h5")
