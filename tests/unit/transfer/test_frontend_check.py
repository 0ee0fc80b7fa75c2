"""A checkpoint trained on other features is told from one that fits, which its shapes cannot do."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from kwspipe.stages.train import _print_report
from kwspipe.transfer.frontend_check import BESIDE, differences, differing
from kwspipe.transfer.layers import BUNDLED, TransferReport
from support.default_settings import FRONTEND, VENDOR_FRONTEND


def of_a_run(folder: Path, frontend: object) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"config": {"frontend": frontend}, "outputs": {}}))
    return folder / "model.weights.h5"


def test_from_scratch_nothing_differs() -> None:
    assert differences(None, FRONTEND) == {}


def test_the_bundled_checkpoints_were_trained_with_the_default_features() -> None:
    assert (BUNDLED / BESIDE).is_file()
    assert differences(BUNDLED / "mobilenet_v2.weights.h5", FRONTEND) == {}
    assert differences(BUNDLED / "mobilenet_v2.weights.h5", VENDOR_FRONTEND) == {
        "filterbank_upper_band_limit": (7500.0, 3999.0),
        "quantize_dynamic_scale_enable": (True, False),
        "quantize_dynamic_scale_range_db": (50.0, 40.0),
    }


def test_a_run_says_what_it_was_trained_with(tmp_path: Path) -> None:
    weights = of_a_run(tmp_path / "train", asdict(FRONTEND))
    assert differences(weights, FRONTEND) == {}
    assert differences(weights, replace(FRONTEND, window_step_ms=10)) == {"window_step_ms": (20, 10)}


def test_settings_of_what_both_leave_out_do_not_matter(tmp_path: Path) -> None:
    weights = of_a_run(tmp_path / "train", asdict(replace(FRONTEND, pcan_strength=0.5)))
    assert differences(weights, FRONTEND) == {}
    with_gains = replace(FRONTEND, pcan_enable=True)
    assert set(differences(weights, with_gains)) == {"pcan_enable", "pcan_strength"}


def test_a_float32_is_the_number_it_was_made_from(tmp_path: Path) -> None:
    settings = asdict(FRONTEND) | {"noise_reduction_even_smoothing": 0.02500000037252903}
    assert differences(of_a_run(tmp_path / "train", settings), FRONTEND) == {}


def test_a_setting_of_another_type_differs(tmp_path: Path) -> None:
    weights = of_a_run(tmp_path / "train", asdict(FRONTEND) | {"filterbank_upper_band_limit": "high"})
    assert differences(weights, FRONTEND) == {"filterbank_upper_band_limit": ("high", 7500.0)}


def test_settings_are_compared_that_both_have() -> None:
    seen = asdict(replace(FRONTEND, window_step_ms=10, filterbank_n_channels=40)) | {"of_another_release": 1}
    assert differing(seen, FRONTEND) == {"window_step_ms": (10, 20), "filterbank_n_channels": (40, 49)}
    del seen["window_step_ms"]
    assert differing(seen, FRONTEND) == {"filterbank_n_channels": (40, 49)}
    assert differing({}, FRONTEND) == {}


def test_a_vendors_archive_says_it_too(shared_dir: Path, tmp_path: Path) -> None:
    name = "keyword_spotting_mobilenetv2.mltk.zip"
    shutil.copy(shared_dir / "base" / name, tmp_path)
    assert differences(tmp_path / name, VENDOR_FRONTEND) == {}
    assert "filterbank_upper_band_limit" in differences(tmp_path / name, FRONTEND)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"config": 3}',
        '{"config": {"frontend": null}}',
        '{"outputs": {}, "config": 3}',
        '{"outputs": {}, "config": {"frontend": null}}',
    ],
)
def test_who_does_not_say_it_is_not_blamed(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert differences(tmp_path / "model.weights.h5", FRONTEND) == {}
    (tmp_path / "manifest.json").unlink()
    assert differences(tmp_path / "model.weights.h5", FRONTEND) == {}


def test_the_log_names_both_values_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    other = {"filterbank_upper_band_limit": (3999.0, 7500.0)}
    _print_report(TransferReport("old.weights.h5", ("stem",), {}, (), (), other_features=other))
    said = " ".join(capsys.readouterr().err.split())
    assert "it was trained with frontend.filterbank_upper_band_limit=3999.0, here it is 7500.0" in said
    assert "on other features it knows little: take its own, or transfer=none" in said
