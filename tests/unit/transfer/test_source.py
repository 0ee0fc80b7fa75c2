"""Location of the checkpoint: none, bundled, on disk, or downloaded."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.source import available_path, checkpoint_hash, locate
from support.fake_layers import CONFIG

MODEL = "mobilenet_v2"


def test_training_from_scratch_has_no_checkpoint() -> None:
    scratch = dataclasses.replace(CONFIG, source="none")
    assert locate(scratch, MODEL) is None
    assert available_path(scratch, MODEL) is None
    assert checkpoint_hash(scratch, MODEL) == {}


def test_the_checkpoint_of_a_run_directory(tmp_path: Path) -> None:
    in_run = dataclasses.replace(CONFIG, path=str(tmp_path))
    assert locate(in_run, MODEL) == tmp_path / "train" / "model.weights.h5"
    with pytest.raises(KwspipeError, match=r"source path without transfer\.path"):
        locate(CONFIG, MODEL)


def test_a_missing_checkpoint_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match="there is no such checkpoint"):
        checkpoint_hash(dataclasses.replace(CONFIG, path=str(tmp_path / "none.h5")), MODEL)


def test_a_download_is_available_once_its_file_has_the_hash(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    url = dataclasses.replace(
        CONFIG, source="url", url="https://x.invalid/a.h5", sha256=digest, cache_dir=str(tmp_path)
    )
    assert available_path(url, MODEL) is None
    (tmp_path / "a.h5").write_bytes(b"other")
    assert available_path(url, MODEL) is None
    (tmp_path / "a.h5").write_bytes(b"weights")
    assert available_path(url, MODEL) == tmp_path / "a.h5" == locate(url, MODEL)
    assert checkpoint_hash(url, MODEL) == {"checkpoint": digest}
    with pytest.raises(KwspipeError, match=r"source url without transfer\.url and transfer\.sha256"):
        available_path(dataclasses.replace(url, sha256=None), MODEL)


def test_a_checkpoint_is_bundled_for_some_models() -> None:
    bundled = dataclasses.replace(CONFIG, source="bundled")
    for name in ("mobilenet_v2", "matchboxnet", "tc_resnet"):
        path = locate(bundled, name)
        assert path is not None and read_checkpoint(path)
    with pytest.raises(KwspipeError) as caught:
        locate(bundled, "ds_cnn")
    assert str(caught.value) == (
        "transfer.source: no checkpoint of ds_cnn is bundled. "
        "Allowed: a model with a bundled checkpoint: matchboxnet, mobilenet_v2, tc_resnet. "
        "Next: set transfer=none to train from scratch, or choose another model"
    )
