"""Check of the checkpoint before a run starts."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse
from kwspipe.errors import KwspipeError
from kwspipe.transfer.checkpoint_check import check_checkpoint
from kwspipe.transfer.source import BUNDLED
from support.composed import composed
from support.fake_layers import write_weights
from support.own_process import printed_by


def config(*overrides: str) -> PipelineConfig:
    return parse(composed("+experiment=smoke", *overrides))


def failure(*overrides: str) -> KwspipeError:
    with pytest.raises(KwspipeError) as caught:
        check_checkpoint(config(*overrides))
    return caught.value


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("model=matchboxnet",),
        ("model=tc_resnet",),
        ("transfer.skip_mismatch=false",),
        ("model.alpha=0.1",),
        ("model.alpha=0.2",),
        ("frontend.filterbank_n_channels=32", "model=tc_resnet"),
        ("transfer=none", "model=ds_cnn"),
    ],
    ids=" ".join,
)
def test_checkpoints_that_fit_pass(overrides: tuple[str, ...]) -> None:
    check_checkpoint(config(*overrides))


def test_with_skip_mismatch_at_least_one_layer_must_fit() -> None:
    path = BUNDLED / "tc_resnet.weights.h5"
    error = failure("model=mobilenet_v2", "transfer=path", f"transfer.path={path}")
    assert error.where == "transfer"
    assert (
        f"{path}: none of the 105 layers of the model fits (Conv1: not in the checkpoint; " in error.received
    )
    assert error.allowed == "a checkpoint with at least one layer of the same name and shapes"
    assert error.remedy == "choose the model and the settings of the checkpoint, or set transfer=none"


def test_without_skip_mismatch_every_layer_must_fit() -> None:
    error = failure("model.alpha=0.1", "transfer.skip_mismatch=false")
    assert error.where == "transfer"
    assert "46 of 105 layers do not fit (block_" in error.received
    assert "in the checkpoint, " in error.received and " in the model" in error.received
    assert error.remedy.startswith("set transfer.skip_mismatch=true")


@pytest.mark.parametrize("num_classes", [3, 40])
def test_the_number_of_classes_does_not_matter(tmp_path: Path, num_classes: int) -> None:
    outputs = [np.zeros((112, num_classes), np.float32), np.zeros(num_classes, np.float32)]
    path = write_weights(tmp_path / "a.weights.h5", {"predictions": outputs})
    check_checkpoint(config("model=matchboxnet", "transfer=path", f"transfer.path={path}"))


def test_a_missing_or_damaged_file_is_found(tmp_path: Path) -> None:
    missing = tmp_path / "none.h5"
    error = failure("transfer=path", f"transfer.path={missing}")
    assert (error.where, error.received) == (str(missing), "there is no such checkpoint")
    assert error.remedy == "correct transfer.path"
    missing.write_bytes(b"text")
    assert "cannot be read as a checkpoint" in failure("transfer=path", f"transfer.path={missing}").received


def test_a_model_without_a_bundled_checkpoint_is_found() -> None:
    assert failure("model=ds_cnn").received == "no checkpoint of ds_cnn is bundled"


def test_a_checkpoint_that_is_not_downloaded_yet_is_not_checked(tmp_path: Path) -> None:
    check_checkpoint(config("transfer=mltk", "model=matchboxnet", f"transfer.cache_dir={tmp_path}"))


def test_the_vendors_checkpoint_is_checked_after_its_download(shared_dir: Path) -> None:
    path = shared_dir / "base" / "keyword_spotting_mobilenetv2.mltk.zip"
    check_checkpoint(config("transfer=mltk", f"transfer.path={path}", "transfer.skip_mismatch=false"))
    error = failure("transfer=mltk", f"transfer.path={path}", "model=matchboxnet")
    assert "none of the" in error.received


def test_the_check_does_not_import_tensorflow() -> None:
    assert printed_by("trace_without_tensorflow.py") == []
