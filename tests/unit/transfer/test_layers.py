"""Transfer by layer name: loaded layers, skipped layers with their reasons, errors and freezing."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import TransferConfig
from kwspipe.errors import KwspipeError
from kwspipe.models.layer_names import OUTPUTS
from kwspipe.transfer.layers import apply, mismatch
from kwspipe.transfer.report import print_report
from support.fake_layers import CONFIG, FakeLayer, write_weights

STRICT = dataclasses.replace(CONFIG, skip_mismatch=False)


def network() -> list[FakeLayer]:
    return [
        FakeLayer("stem", (3, 8)),
        FakeLayer("relu"),
        FakeLayer("block", (8,), (8,)),
        FakeLayer(OUTPUTS, (8, 5)),
    ]


def checkpoint(path: Path, **layers: list[tuple[int, ...]]) -> Path:
    sevens = {name: [np.full(shape, 7, np.float32) for shape in shapes] for name, shapes in layers.items()}
    return write_weights(path, sevens)


def failure(config: TransferConfig, path: Path) -> KwspipeError:
    with pytest.raises(KwspipeError) as caught:
        apply(network(), config, path)
    return caught.value


def test_fitting_layers_are_loaded_and_others_are_skipped_with_a_reason(tmp_path: Path) -> None:
    path = checkpoint(
        tmp_path / "a.weights.h5", stem=[(3, 8)], block=[(8,), (4,)], predictions=[(8, 8)], extra=[(1,)]
    )
    layers = network()
    report = apply(layers, CONFIG, path)
    assert report.loaded == ("stem",)
    assert report.skipped == {
        "block": "shapes (4,) in the checkpoint, (8,) in the model",
        OUTPUTS: "shapes (8, 8) in the checkpoint, (8, 5) in the model",
    }
    assert report.unused == ("extra",)
    assert layers[0].weights[0][0, 0] == 7
    assert not np.any(layers[2].weights[0]) and not np.any(layers[3].weights[0])


def test_one_fitting_layer_is_sufficient(tmp_path: Path) -> None:
    report = apply(network(), CONFIG, checkpoint(tmp_path / "a.weights.h5", stem=[(3, 8)], other=[(1,)]))
    assert report.loaded == ("stem",)
    assert report.skipped == {"block": "not in the checkpoint", OUTPUTS: "not in the checkpoint"}


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        ([(4,), (4,), (4,), (4,)], "shapes (4,) in the checkpoint, (8,) in the model"),
        ([(4,), (8,), (8,), (2,)], "shapes (4,), (2,) in the checkpoint, (8,), (8,) in the model"),
        ([(8,), (8,)], "shapes (8,), (8,) in the checkpoint, (8,), (8,), (8,), (8,) in the model"),
        ([(8,), (8,), (8,), (8,)], None),
    ],
)
def test_the_reason_has_the_shapes_that_differ(shapes: list[tuple[int, ...]], reason: str | None) -> None:
    arrays = {"norm": [np.zeros(shape) for shape in shapes]}
    assert mismatch("norm", [(8,)] * 4, arrays) == reason


def test_no_fitting_layer_is_an_error(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.weights.h5", stem=[(3, 4)], other=[(1,)])
    error = failure(CONFIG, path)
    assert error.where == "transfer"
    assert error.received == (
        f"{path}: none of the 3 layers of the model fits "
        "(stem: shapes (3, 4) in the checkpoint, (3, 8) in the model; block: not in the checkpoint)"
    )
    assert error.allowed == "a checkpoint with at least one layer of the same name and shapes"
    assert error.remedy == "choose the model and the settings of the checkpoint, or set transfer=none"
    assert "none of the 3 layers of the model fits" in failure(STRICT, path).received


def test_without_skip_mismatch_every_layer_but_the_outputs_must_fit(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.weights.h5", stem=[(3, 8)], block=[(8,), (8,)], predictions=[(8, 8)])
    assert apply(network(), STRICT, path).loaded == ("stem", "block")
    path = checkpoint(tmp_path / "b.weights.h5", stem=[(3, 4)], block=[(8,), (8,)], predictions=[(8, 5)])
    error = failure(STRICT, path)
    assert error.where == "transfer"
    assert error.received == (
        f"{path}: 1 of 3 layers do not fit (stem: shapes (3, 4) in the checkpoint, (3, 8) in the model)"
    )
    assert error.allowed.endswith("with transfer.skip_mismatch=false")
    assert error.remedy.startswith("set transfer.skip_mismatch=true")


def test_the_log_has_counts_names_and_shapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = checkpoint(tmp_path / "a.weights.h5", stem=[(3, 8)], block=[(8,), (4,)])
    print_report(apply(network(), CONFIG, path))
    assert capsys.readouterr().err.splitlines() == [
        "    from a.weights.h5: 1 of 3 layers loaded, 2 skipped",
        "      block skipped: shapes (4,) in the checkpoint, (8,) in the model",
        f"      {OUTPUTS} skipped: not in the checkpoint",
    ]


def test_from_scratch_loads_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    report = apply(network(), CONFIG, None)
    assert report.checkpoint is None and report.loaded == ()
    print_report(report)
    assert "from scratch: no weights were loaded" in capsys.readouterr().err


def test_freezing_by_pattern() -> None:
    layers = network()
    report = apply(layers, dataclasses.replace(CONFIG, freeze=("st*", "block")), None)
    assert report.frozen == ("stem", "block")
    assert [layer.trainable for layer in layers] == [False, True, False, True]
    with pytest.raises(KwspipeError, match=r"transfer.freeze: 'blok' matches no layer"):
        apply(network(), dataclasses.replace(CONFIG, freeze=("blok",)), None)
