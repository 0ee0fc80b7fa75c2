"""Imported models: the image is that of the run that made the model."""

from pathlib import Path

import pytest

from kwspipe.compiler.image_format import DETECTOR, NAME, read_sections
from kwspipe.exchange import run_archive
from kwspipe.exchange.external_model import MAX_NAME_BYTES, read_model
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder
from kwspipe.stages import import_model
from kwspipe.stages.model_files import compile_image, write_model
from support.run_folders import composed_config, tflite_with_parameters
from support.small_model import LABELS, golden_of

# Values that differ from those of the configuration, so that the settings of the model are necessary.
CHANGES = {"name": "kitchen", "detection_threshold_list": [201, 77, 255, 255], "minimum_count": 7}


def imported_image(path: Path, folder: Path, *overrides: str) -> bytes:
    """Returns the image that the stage writes for a model."""
    folder.mkdir()
    config = composed_config(f"import.path={path}", "quantize.count_instructions=false", *overrides)
    import_model.run(config, folder / "run", folder)
    return (folder / "model.kws").read_bytes()


@pytest.fixture
def own_run(tmp_path: Path) -> tuple[Path, bytes]:
    """Returns a run directory with the files of quantize, and its image."""
    path = tmp_path / "settings.tflite"
    path.write_bytes(tflite_with_parameters(5, **CHANGES))
    config = composed_config(f"import.path={path}", "name=kitchen", "quantize.count_instructions=false")
    model = read_model(path, None)
    image, summary = compile_image(model.tflite, config, config.detector, LABELS)
    run_dir = tmp_path / "run_of_march"  # a name of another length than that of the model
    run_dir.mkdir()
    read_settings = {"name": "kitchen", "frontend": vars(config.frontend)}
    with stage_folder(run_dir / "quantize", Fingerprint(read_settings, {}, "code")) as folder:
        write_model(config, model.tflite, image, summary, LABELS, golden_of(image, 4), folder)
    return run_dir, image


def test_image_of_an_own_run_directory_or_archive_is_identical(
    own_run: tuple[Path, bytes], tmp_path: Path
) -> None:
    run_dir, image = own_run
    archive = run_archive.write(run_dir, "shared_model")
    assert archive is not None
    sections = read_sections(image)
    assert sections[NAME] == b"kitchen" and sections[DETECTOR]
    assert imported_image(run_dir, tmp_path / "of_run") == image
    assert imported_image(archive, tmp_path / "of_archive") == image
    assert imported_image(archive, tmp_path / "named", "name=another_run") == image


def test_a_setting_of_the_command_line_changes_the_image(own_run: tuple[Path, bytes], tmp_path: Path) -> None:
    run_dir, image = own_run
    changed = imported_image(run_dir, tmp_path / "changed", "detector.detection_threshold=9")
    assert {kind for kind, data in read_sections(changed).items() if data != read_sections(image)[kind]} == {
        DETECTOR
    }


@pytest.mark.parametrize("name", ["", "n" * (MAX_NAME_BYTES + 1), 7])
def test_a_model_without_a_valid_name_gets_that_of_the_run(tmp_path: Path, name: object) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(tflite_with_parameters(5, name=name))
    image = imported_image(path, tmp_path / "imported", "name=kettle")
    assert read_sections(image)[NAME] == b"kettle"
