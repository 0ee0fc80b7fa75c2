"""External models: reading, derived configuration and rejected files."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kwspipe.core.model_runner import CoreModel
from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.exchange.external_model import default_name, read_model
from kwspipe.pipeline import plan
from kwspipe.stages import evaluate, import_model
from kwspipe.tflite.metadata import read_parameters, write_parameters
from support.run_folders import composed_config, make_run, tflite_with_parameters
from support.small_model import LABELS, small_tflite


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """Returns an archive in the format of the vendor's tools, with changed detector settings."""
    path = tmp_path / "their_model.mltk.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("their_model.h5", b"weights")
        archive.writestr("their_model.py", b"raise SystemExit('never run')")
        archive.writestr("train/their.tflite", b"not the model")
        archive.writestr(
            "their_model.tflite",
            tflite_with_parameters(
                1, detection_threshold=99, suppression_ms=1500, compare_keywords_only=None
            ),
        )
    return path


def test_classes_and_settings_come_from_the_model(vendor: Path) -> None:
    config = composed_config(f"import.path={vendor}")
    assert config.name == "their_model_adopted"
    assert config.dataset.words == ("one", "two")
    assert (config.detector.detection_threshold, config.detector.suppression_ms) == (99, 1500)
    assert not config.detector.compare_keywords_only  # the vendor's rule
    assert config.dataset.unknown_class_percentage == 1.0


def test_the_command_line_overrides_the_model_and_an_experiment_does_not(vendor: Path) -> None:
    config = composed_config(
        "+experiment=digits_3", f"import.path={vendor}", "detector.detection_threshold=77", "name=mine"
    )
    assert config.dataset.words == ("one", "two")
    assert (config.detector.detection_threshold, config.detector.suppression_ms) == (77, 1500)
    assert config.name == "mine"


def test_thresholds_per_class_are_replaced_by_settings_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(tflite_with_parameters(1, detection_threshold_list=[1, 2, 3, 4]))
    unchanged = composed_config(f"import.path={path}").detector
    assert (unchanged.detection_threshold_list, unchanged.target_false_accepts_per_hour) == (
        (1, 2, 3, 4),
        None,
    )
    single = composed_config(f"import.path={path}", "detector.detection_threshold=9").detector
    assert (single.detection_threshold, single.detection_threshold_list) == (9, None)
    searched = composed_config(f"import.path={path}", "detector.target_false_accepts_per_hour=2")
    assert searched.detector.detection_threshold_list is None
    assert plan.chosen_stages(searched)[:2] == ["prepare", "import"]  # the threshold search needs clips


def test_a_model_without_unknown_and_silence_has_no_clips_of_these_classes(tmp_path: Path) -> None:
    (tmp_path / "plain.tflite").write_bytes(small_tflite(0))
    config = composed_config(f"import.path={tmp_path / 'plain.tflite'}", "import.labels=[hey computer,b,3,d]")
    assert config.dataset.words == ("hey_computer", "b", "3", "d")
    assert (config.dataset.unknown_class_percentage, config.dataset.silence_class_ratio) == (0, 0)


def test_all_kinds_of_files_give_the_same_model(vendor: Path, tmp_path: Path) -> None:
    run_dir = make_run(tmp_path / "run", seed=1)
    archive = run_archive.write(run_dir, "run")
    assert archive is not None
    plain = tmp_path / "run.tflite"
    expected = plain.read_bytes()
    for path in (plain, run_dir, archive):
        model = read_model(path, None)
        assert model.tflite == expected and model.labels == LABELS
    assert read_model(vendor, None).detector.detection_threshold == 99  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.mltk.zip", "a_adopted"), ("a.kwspipe.zip", "a_adopted"), ("my model.tflite", "my_model_adopted"),
        ("run", "run_adopted"), ("a_adopted.kwspipe.zip", "a_adopted"), ("...tflite", "model_adopted"),
    ],
)  # fmt: skip
def test_the_run_directory_is_named_after_the_file(name: str, expected: str) -> None:
    assert default_name(Path(name)) == expected


def failure(path: Path, labels: list[str] | None = None) -> str:
    with pytest.raises(KwspipeError) as caught:
        read_model(path, labels)
    return str(caught.value)


def test_other_files_are_rejected_with_the_accepted_kinds(tmp_path: Path) -> None:
    assert "there is no such file. Allowed: a .kwspipe.zip, a run directory" in failure(tmp_path / "none")
    assert "a folder without quantize/model.tflite" in failure(tmp_path)
    (tmp_path / "text").write_text("hello")
    assert "TensorFlow Lite model" in failure(tmp_path / "text")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.tflite", b"")
        archive.writestr("b.tflite", b"")
    assert "2 .tflite files at its top level" in failure(tmp_path / "two.zip")
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("a.tflite", small_tflite(0))
        archive.writestr("../../b", b"")
    assert "points outside the archive" in failure(tmp_path / "out.zip")


def test_a_model_without_labels_requires_import_labels(tmp_path: Path) -> None:
    (tmp_path / "plain.tflite").write_bytes(small_tflite(0))
    assert "import.labels=[...,_unknown_,_silence_]" in failure(tmp_path / "plain.tflite")
    model = read_model(tmp_path / "plain.tflite", ["a", "b", "_silence_", "_unknown_"])
    assert model.labels == ("a", "b", "_silence_", "_unknown_") and model.frontend is None


def test_features_normalized_per_clip_are_rejected(tmp_path: Path) -> None:
    model = tflite_with_parameters(0, **{"samplewise_norm.mean_and_std": True})
    (tmp_path / "a.tflite").write_bytes(model)
    assert "samplewise_norm.mean_and_std: True: features normalized per clip" in failure(
        tmp_path / "a.tflite"
    )


def test_import_writes_the_same_files_as_quantize(vendor: Path, tmp_path: Path) -> None:
    run_dir = make_run(tmp_path / "run", seed=3)
    folder = run_dir / "quantize"
    assert {path.name for path in folder.iterdir()} == {
        "model.tflite", "model.kws", "labels.txt", "golden.npz", "summary.json", "summary.txt", "profile.csv",
        "manifest.json",
    }  # fmt: skip
    core = CoreModel((folder / "model.kws").read_bytes())
    assert core.labels == list(LABELS) == (folder / "labels.txt").read_text().split()
    with np.load(folder / "golden.npz") as golden:
        assert golden["inputs"].shape == (64, 59, 49)
        np.testing.assert_array_equal(core.run(golden["inputs"]), golden["outputs"])
        assert len(np.unique(golden["outputs"], axis=0)) > 30
        features = golden["inputs"][16:]
    assert features.std(axis=(1, 2)).min() > 3  # audio, not silence
    assert json.loads((folder / "summary.json").read_text())["adopted"] == "run.tflite"


def test_an_input_shape_other_than_that_of_the_front_end_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "plain.tflite").write_bytes(small_tflite(0))
    config = composed_config(
        f"import.path={tmp_path / 'plain.tflite'}", "import.labels=[a,b,c,d]", "frontend.sample_length_ms=1000",
        "quantize.count_instructions=false",
    )  # fmt: skip
    with pytest.raises(
        KwspipeError, match="49 frames of 49 channels, the output of the configured front end"
    ):
        import_model.run(config, tmp_path / "run", tmp_path)


def test_another_number_of_labels_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "plain.tflite").write_bytes(small_tflite(0))
    config = composed_config(f"import.path={tmp_path / 'plain.tflite'}", "import.labels=[a,b]")
    with pytest.raises(KwspipeError, match=r"labels: 2 labels. Allowed: 4, one per class"):
        import_model.run(config, tmp_path / "run", tmp_path)


def test_a_trained_model_is_not_overwritten(vendor: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "train").mkdir(parents=True)
    with pytest.raises(KwspipeError, match=r"a model was trained here, and import.path would replace it"):
        import_model.run(composed_config(f"import.path={vendor}"), tmp_path / "run", tmp_path)


def test_import_replaces_training(vendor: Path) -> None:
    default = composed_config(f"import.path={vendor}")
    assert plan.chosen_stages(default) == ["import", "prepare", "evaluate", "deploy"]
    assert plan.chosen_stages(composed_config(f"import.path={vendor}", "stages=[evaluate]")) == [
        "import", "prepare", "evaluate",
    ]  # fmt: skip
    deploy = composed_config(f"import.path={vendor}", "stages=[deploy]")
    assert plan.chosen_stages(deploy) == ["import", "deploy"]


def test_labels_in_another_order_are_mapped_to_their_outputs() -> None:
    class Store:
        labels = ("one", "two", "_unknown_", "_silence_")

    targets = np.array([0, 1, 2, 3, 3])
    labels = ("_silence_", "_unknown_", "two", "one", "three")
    mapped = evaluate.targets_of(Store(), targets, labels)  # type: ignore[arg-type]
    assert [labels[target] for target in mapped] == ["one", "two", "_unknown_", "_silence_", "_silence_"]
    with pytest.raises(KwspipeError, match="clips of two, _unknown_, for which the model has no class"):
        evaluate.targets_of(Store(), targets, ("one", "_silence_"))  # type: ignore[arg-type]


def test_parameters_written_twice_keep_the_model(tmp_path: Path) -> None:
    model = tflite_with_parameters(0)
    again = write_parameters(model, read_parameters(model))
    (tmp_path / "a.tflite").write_bytes(again)
    assert read_model(tmp_path / "a.tflite", None).labels == LABELS
    shutil.copy(tmp_path / "a.tflite", tmp_path / "b.zip")  # the kind is detected from the content
    assert read_model(tmp_path / "b.zip", None).tflite == again
