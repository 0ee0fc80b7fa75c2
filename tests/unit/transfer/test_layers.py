"""Transfer by name: what fits is loaded, what does not is skipped with its reason, too little is an error."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.layers import apply, checkpoint_hash, locate
from support.fake_layers import CONFIG, FakeLayer, write_weights

MODEL = "mobilenet_v2"


def network() -> list[FakeLayer]:
    return [
        FakeLayer("stem", (3, 8)),
        FakeLayer("relu"),
        FakeLayer("block", (8,), (8,)),
        FakeLayer("head", (8, 5)),
    ]


def checkpoint(path: Path, **layers: list[tuple[int, ...]]) -> Path:
    sevens = {name: [np.full(shape, 7, np.float32) for shape in shapes] for name, shapes in layers.items()}
    return write_weights(path, sevens)


def test_what_fits_is_loaded_and_the_rest_named_with_its_reason(tmp_path: Path) -> None:
    path = checkpoint(
        tmp_path / "a.weights.h5", stem=[(3, 8)], block=[(8,), (8,)], head=[(8, 8)], extra=[(1,)]
    )
    layers = network()
    report = apply(layers, CONFIG, path)
    assert report.loaded == ("stem", "block")
    assert report.skipped == {"head": "shapes [(8, 8)] where the model has [(8, 5)]"}
    assert report.unused == ("extra",)
    assert layers[0].weights[0][0, 0] == 7 and layers[3].weights[0][0, 0] == 0


def test_too_few_layers_is_an_error_that_says_which(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.weights.h5", stem=[(3, 8)], other=[(1,)])
    with pytest.raises(KwspipeError) as caught:
        apply(network(), CONFIG, path)
    text = str(caught.value)
    assert "only 1 of 3 layers fit (block: not in the checkpoint; head: not in the checkpoint)" in text
    assert "at least 50% of the layers (transfer.min_loaded_fraction)" in text


def test_from_scratch_loads_nothing() -> None:
    report = apply(network(), CONFIG, None)
    assert report.checkpoint is None and report.loaded == ()


def test_freezing_by_pattern(tmp_path: Path) -> None:
    layers = network()
    report = apply(layers, dataclasses.replace(CONFIG, freeze=("st*", "block")), None)
    assert report.frozen == ("stem", "block")
    assert [layer.trainable for layer in layers] == [False, True, False, True]
    with pytest.raises(KwspipeError, match=r"transfer.freeze: 'blok' matches no layer"):
        apply(network(), dataclasses.replace(CONFIG, freeze=("blok",)), None)


def test_where_a_checkpoint_is_looked_for(tmp_path: Path) -> None:
    assert locate(dataclasses.replace(CONFIG, source="none"), MODEL) is None
    assert (
        locate(dataclasses.replace(CONFIG, path=str(tmp_path)), MODEL)
        == tmp_path / "train" / "model.weights.h5"
    )
    with pytest.raises(KwspipeError, match=r"source path without transfer\.path"):
        locate(CONFIG, MODEL)
    with pytest.raises(KwspipeError, match="there is no such checkpoint"):
        checkpoint_hash(dataclasses.replace(CONFIG, path=str(tmp_path / "none.h5")), MODEL)


def test_a_checkpoint_is_bundled_for_some_models() -> None:
    bundled = dataclasses.replace(CONFIG, source="bundled")
    for name in ("mobilenet_v2", "matchboxnet", "tc_resnet"):
        path = locate(bundled, name)
        assert path is not None and read_checkpoint(path)
    with pytest.raises(KwspipeError) as caught:
        locate(bundled, "ds_cnn")
    assert str(caught.value) == (
        "transfer.source: no checkpoint of ds_cnn is bundled. "
        "Allowed: a model that has one: matchboxnet, mobilenet_v2, tc_resnet. "
        "Next: set transfer=none to train from scratch, or choose another model"
    )
