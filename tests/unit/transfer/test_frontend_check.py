"""Comparison of the checkpoint's front-end settings with those of the configuration."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from kwspipe.transfer.frontend_check import FRONTEND_FILE, changed_settings, frontend_differences
from kwspipe.transfer.report import TransferReport, print_report
from kwspipe.transfer.source import BUNDLED
from support.default_settings import FRONTEND, VENDOR_FRONTEND


def run_with(folder: Path, frontend: object) -> Path:
    """Writes the manifest of a run and returns the path of its weights."""
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"config": {"frontend": frontend}, "outputs": {}}))
    return folder / "model.weights.h5"


def test_training_from_scratch_has_no_differences() -> None:
    assert frontend_differences(None, FRONTEND) == {}


def test_the_bundled_checkpoints_were_trained_with_the_default_features() -> None:
    assert (BUNDLED / FRONTEND_FILE).is_file()
    assert frontend_differences(BUNDLED / "mobilenet_v2.weights.h5", FRONTEND) == {}
    assert frontend_differences(BUNDLED / "mobilenet_v2.weights.h5", VENDOR_FRONTEND) == {
        "filterbank_upper_band_limit": (7500.0, 3999.0),
        "quantize_dynamic_scale_enable": (True, False),
        "quantize_dynamic_scale_range_db": (50.0, 40.0),
    }


def test_the_settings_of_a_run_are_read_from_its_manifest(tmp_path: Path) -> None:
    weights = run_with(tmp_path / "train", asdict(FRONTEND))
    assert frontend_differences(weights, FRONTEND) == {}
    assert frontend_differences(weights, replace(FRONTEND, window_step_ms=10)) == {"window_step_ms": (20, 10)}


def test_settings_of_a_step_that_both_skip_are_ignored(tmp_path: Path) -> None:
    weights = run_with(tmp_path / "train", asdict(replace(FRONTEND, pcan_strength=0.5)))
    assert frontend_differences(weights, FRONTEND) == {}
    with_gains = replace(FRONTEND, pcan_enable=True)
    assert set(frontend_differences(weights, with_gains)) == {"pcan_enable", "pcan_strength"}


def test_a_value_rounded_to_float32_is_equal(tmp_path: Path) -> None:
    settings = asdict(FRONTEND) | {"noise_reduction_even_smoothing": 0.02500000037252903}
    assert frontend_differences(run_with(tmp_path / "train", settings), FRONTEND) == {}


def test_a_setting_of_another_type_differs(tmp_path: Path) -> None:
    weights = run_with(tmp_path / "train", asdict(FRONTEND) | {"filterbank_upper_band_limit": "high"})
    assert frontend_differences(weights, FRONTEND) == {"filterbank_upper_band_limit": ("high", 7500.0)}


def test_only_common_settings_are_compared() -> None:
    trained = asdict(replace(FRONTEND, window_step_ms=10, filterbank_n_channels=40)) | {
        "setting_of_another_release": 1
    }
    assert changed_settings(trained, FRONTEND) == {
        "window_step_ms": (10, 20),
        "filterbank_n_channels": (40, 49),
    }
    del trained["window_step_ms"]
    assert changed_settings(trained, FRONTEND) == {"filterbank_n_channels": (40, 49)}
    assert changed_settings({}, FRONTEND) == {}


def test_the_settings_of_a_vendors_archive_are_read_from_its_model(shared_dir: Path, tmp_path: Path) -> None:
    name = "keyword_spotting_mobilenetv2.mltk.zip"
    shutil.copy(shared_dir / "base" / name, tmp_path)
    assert frontend_differences(tmp_path / name, VENDOR_FRONTEND) == {}
    assert "filterbank_upper_band_limit" in frontend_differences(tmp_path / name, FRONTEND)


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
def test_unknown_settings_are_not_compared(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert frontend_differences(tmp_path / "model.weights.h5", FRONTEND) == {}
    (tmp_path / "manifest.json").unlink()
    assert frontend_differences(tmp_path / "model.weights.h5", FRONTEND) == {}


def test_the_log_names_both_values_and_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    other = {"filterbank_upper_band_limit": (3999.0, 7500.0)}
    print_report(TransferReport("old.weights.h5", ("stem",), {}, (), (), other_features=other))
    log = " ".join(capsys.readouterr().err.split())
    assert "the checkpoint was trained with frontend.filterbank_upper_band_limit=3999.0, not 7500.0" in log
    assert "use its front-end settings, or transfer=none" in log
