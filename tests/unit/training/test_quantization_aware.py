"""Training that computes as in int8: what it is refused for. What it computes: tests/contract/test_int8_networks.py."""

from dataclasses import replace
from typing import Any

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.stages.train import _as_int8
from kwspipe.transfer.report import TransferReport
from support.composed import problems

NONE: Any = None  # what is not looked at before the check
LOADED = TransferReport("base.h5", ("Conv1", "bn_Conv1"), {}, (), ())


def test_from_scratch_it_is_refused() -> None:
    with pytest.raises(KwspipeError) as caught:
        _as_int8(NONE, NONE, NONE, replace(LOADED, checkpoint=None, skipped={"Conv1": "no checkpoint"}))
    assert "train.quantization_aware: a network from scratch" in str(caught.value)
    assert "then go on from there with transfer=path transfer.path=" in str(caught.value)


def test_layers_that_the_checkpoint_does_not_have_are_refused_but_for_the_outputs() -> None:
    skipped = {"bn_Conv1": "not in the checkpoint", "predictions": "other classes"}
    with pytest.raises(KwspipeError, match="a network with fresh weights in bn_Conv1"):
        _as_int8(NONE, NONE, NONE, replace(LOADED, skipped=skipped))
    with pytest.raises(AttributeError):  # it goes on, to the clips of the store
        _as_int8(NONE, NONE, NONE, replace(LOADED, skipped={"predictions": "other classes"}))


def test_what_it_cannot_be_together_with_is_refused() -> None:
    def text(*overrides: str) -> str:
        return problems("+experiment=digits_3", "train.quantization_aware=true", *overrides)

    assert (
        "quantization_aware=true and batch_norm_batches=30: BatchNorm's statistics stay as they are"
        in text("train.batch_norm_batches=30")
    )
    assert (
        "quantization_aware=true and precision=mixed_float16, which cannot hold what is rounded; set "
        "train.precision=float32" in text("train.precision=mixed_float16")
    )
