"""Identity of a run directory: which changes of the configuration make another experiment."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse, to_mapping
from kwspipe.errors import KwspipeError
from kwspipe.pipeline import plan, run_identity
from kwspipe.runs.artifacts import Fingerprint, outputs_hash, read_manifest
from kwspipe.runs.stage_folder import stage_folder
from support import tiny_speech
from support.composed import composed

MAIN = ["prepare", "train", "quantize", "evaluate"]


@pytest.fixture
def overrides(tmp_path: Path) -> list[str]:
    return [*tiny_speech.write(tmp_path / "words"), f"run_dir={tmp_path / 'run'}"]


def configured(overrides: list[str], *more: str, names: list[str] | None = None) -> PipelineConfig:
    return parse(composed(*overrides, f"stages=[{','.join(names or MAIN)}]", *more))


def write_results(config: PipelineConfig, names: list[str] = MAIN, note: str = "", **values: Any) -> None:
    """Writes folders of stages as a run with this configuration leaves them."""
    run_dir, whole = Path(config.run_dir), to_mapping(config)
    for name in names:
        stage = stages.load(name)
        inputs = {
            need: outputs_hash(read_manifest(run_dir / need) or {"outputs": {}}) for need in stage.needs
        }
        recorded = {key: whole[key] for key in stage.reads} | values
        with stage_folder(run_dir / stage.folder, Fingerprint(recorded, inputs, "code")) as folder:
            summary = {"source_used": config.dataset.sources[0], "note": note}
            (folder / "summary.json").write_text(json.dumps(summary))


def check(config: PipelineConfig, *given: str) -> None:
    run_identity.check_experiment(config, plan.chosen_stages(config), Path(config.run_dir), given)


def error_of(config: PipelineConfig, *given: str) -> str:
    with pytest.raises(KwspipeError) as caught:
        check(config, *given)
    return str(caught.value)


def test_these_changes_continue_the_experiment(overrides: list[str]) -> None:
    overrides.remove("dataset.silence_class_ratio=0")
    write_results(configured(overrides))
    changes = [
        *("train.epochs=7", "schedule=cosine", "transfer=none", "augment=strong", "seed=9", "name=other"),
        *("detector.suppression_ms=500", "stream.max_minutes=1.0", "board=host", "report.max_mistakes=1"),
        *("dataset/negatives=none", "dataset.max_clips_per_word=3", "dataset.min_clip_ms=50"),
        *("dataset.noise_roots=[.]", "dataset.negative_roots=[.]", "dataset.mined_roots=[.]"),
        *("dataset.synthetic.clips_per_word=7", "dataset.mswc.language=de", "dataset.silence_class_ratio=0.5"),
        "model.batch_norm_momentum=0.9",
    ]  # fmt: skip
    check(configured(overrides, *changes))


def test_these_changes_are_another_experiment(overrides: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_identity, "MAX_SHOWN", 99)
    before = configured(overrides)
    write_results(before)
    changes = {
        "dataset.words=[yes,up]": "dataset.words: [yes, no] -> [yes, up]",
        "dataset.unknown_words=[go]": "dataset.unknown_words: [] -> [go]",
        "dataset.unknown_class_percentage=1": "dataset.unknown_class_percentage: 0 -> 1",
        "dataset.fold=2": "dataset.fold: None -> 2",
        "dataset.testing_fraction=0.4": "dataset.testing_fraction: 0.3 -> 0.4",
        "dataset=synthetic": "-> synthetic",
        "model=ds_cnn": "model.name: mobilenet_v2 -> ds_cnn",
        "frontend=vendor": "frontend.filterbank_upper_band_limit: 7500.0 -> 3999.0",
    }
    after = configured(overrides, *changes)
    message = error_of(after)
    assert message.startswith(f"{before.run_dir}: it contains results of another experiment (dataset.words: ")
    assert [text for text in changes.values() if text not in message] == []
    assert message.endswith(
        "set another name (name=...), or replace the results of this folder with force=true"
    )
    check(dataclasses.replace(after, force=True))
    assert "model.alpha: 0.15 -> 0.2" in error_of(configured(overrides, "model.alpha=0.2"))


def test_another_folder_of_recordings_is_another_experiment(overrides: list[str], tmp_path: Path) -> None:
    write_results(configured(overrides))
    tiny_speech.write(tmp_path / "other")
    text = error_of(configured(overrides, f"dataset.root={tmp_path / 'other'}"))
    assert f"dataset.root: {tmp_path / 'words'} -> {tmp_path / 'other'}" in text
    # Another text of the same path is not a difference.
    check(configured(overrides, f"dataset.root={tmp_path}/other/../words/"))


def test_recordings_that_appear_later_do_not_replace_synthetic_speech(
    overrides: list[str], tmp_path: Path
) -> None:
    with_fallback = [one for one in overrides if one != "dataset=folder"]
    config = configured(with_fallback)
    synthetic = dataclasses.replace(
        config, dataset=dataclasses.replace(config.dataset, sources=("synthetic",))
    )
    write_results(config)
    summary = Path(config.run_dir) / "prepare" / "summary.json"
    summary.write_text(summary.read_text().replace('"folder"', '"synthetic"'))
    assert f"dataset: synthetic -> folder {tmp_path / 'words'}" in error_of(config)
    check(synthetic)


def test_force_must_contain_the_first_stage_that_differs(overrides: list[str]) -> None:
    write_results(configured(overrides))
    after = configured(overrides, "dataset.words=[yes,up]")
    check(dataclasses.replace(after, force=("prepare",)))
    error_of(dataclasses.replace(after, force=("train",)))


def test_stages_without_the_data_need_no_settings_of_the_data(overrides: list[str]) -> None:
    write_results(configured(overrides, "model=ds_cnn", "dataset.words=[yes,up]"))
    check(configured(overrides, names=["deploy"]))
    check(configured(overrides, names=["listen"]))
    text = error_of(configured(overrides, names=["quantize", "evaluate"]))
    assert "dataset.words: [yes, up] -> [yes, no]" in text
    assert "repeat the settings of the run" in text and "add prepare to `stages` with force=true" in text


def test_settings_of_the_command_line_that_would_be_ignored_are_an_error(
    overrides: list[str], tmp_path: Path
) -> None:
    write_results(configured(overrides))
    other = configured(overrides, "dataset.root=elsewhere", names=["evaluate"])
    check(other)  # of an experiment file
    text = error_of(other, "dataset.root")
    assert f"dataset.root: {tmp_path / 'words'} -> elsewhere" in text
    assert f"import.path={other.run_dir} dataset.root=... evaluates its model on other recordings" in text
    error_of(dataclasses.replace(other, force=True), "dataset.root")  # prepare would not run


def test_results_that_are_out_of_date_anyway_are_not_protected(overrides: list[str]) -> None:
    write_results(configured(overrides, "model=ds_cnn"))
    write_results(configured(overrides), ["prepare", "train"], note="replaced")
    check(configured(overrides))


def test_keys_of_earlier_releases_are_not_compared(overrides: list[str]) -> None:
    config = configured(overrides)
    old = {"words": ["yes", "no"], "validation_percentage": 10.0, "root": config.dataset.root}
    write_results(config, ["prepare"], dataset=old)
    check(config)


def test_another_imported_model_is_another_experiment(overrides: list[str], tmp_path: Path) -> None:
    imported = configured(overrides, f"import.path={tmp_path}/a.tflite", names=["deploy"])
    write_results(imported, ["import"])
    check(imported)
    text = error_of(configured(overrides, f"import.path={tmp_path}/b.tflite", names=["deploy"]))
    assert f"import.path: {tmp_path}/a.tflite -> {tmp_path}/b.tflite" in text
    assert f"import.path: {tmp_path}/a.tflite -> None" in error_of(configured(overrides))
