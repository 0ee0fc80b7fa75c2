"""Location of the checkpoint: none, bundled, on disk, or downloaded."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from kwspipe.config import BundledTransferConfig, NoTransferConfig, UrlTransferConfig
from kwspipe.errors import KwspipeError
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.source import available_path, checkpoint_hash, locate
from support.fake_layers import CONFIG

MODEL = "mobilenet_v2"


def test_training_from_scratch_has_no_checkpoint() -> None:
    scratch = NoTransferConfig("none")
    assert locate(scratch, MODEL) is None
    assert available_path(scratch, MODEL) is None
    assert checkpoint_hash(scratch, MODEL) == {}


def test_the_checkpoint_of_a_run_directory(tmp_path: Path) -> None:
    in_run = dataclasses.replace(CONFIG, path=str(tmp_path))
    assert locate(in_run, MODEL) == tmp_path / "train" / "model.weights.h5"


def test_a_missing_checkpoint_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match="there is no such checkpoint"):
        checkpoint_hash(dataclasses.replace(CONFIG, path=str(tmp_path / "none.h5")), MODEL)


def test_a_download_is_available_once_its_file_has_the_hash(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    url = UrlTransferConfig("url", None, "https://x.invalid/a.h5", digest, str(tmp_path), True, True, ())
    assert available_path(url, MODEL) is None
    (tmp_path / "a.h5").write_bytes(b"other")
    assert available_path(url, MODEL) is None
    (tmp_path / "a.h5").write_bytes(b"weights")
    assert available_path(url, MODEL) == tmp_path / "a.h5" == locate(url, MODEL)
    assert checkpoint_hash(url, MODEL) == {"checkpoint": digest}


def test_a_checkpoint_is_bundled_for_some_models() -> None:
    bundled = BundledTransferConfig("bundled", True, True, ())
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
