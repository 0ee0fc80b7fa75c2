"""Compatibility with release 0.1.0: run directory, clip store and archive of this release can be read.

``release_0_1.tar.gz`` is a run (``+experiment=smoke model=ds_cnn``) on generated tones with a sample rate of 8 kHz.
"""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from kwspipe.compiler.image_format import DETECTOR, read_sections
from kwspipe.core.detector import unpack_settings
from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.model_runner import CoreModel
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.exchange import run_archive
from kwspipe.exchange.external_model import read_model
from kwspipe.metrics.evaluated_run import evaluated_run
from kwspipe.report.run_contents import read
from kwspipe.report.run_page import compose
from kwspipe.runs.artifacts import MANIFEST, folder_hashes, read_manifest
from kwspipe.stages import import_model
from kwspipe.tflite.metadata import read_parameters
from kwspipe.tflite.model_settings import detector_settings
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.class_outputs import class_names
from support.composed import composed
from support.paths import TESTS
from support.run_folders import composed_config

LABELS = ("yes", "no", "_unknown_", "_silence_")
STAGES = ("prepare", "train", "quantize", "evaluate", "deploy")


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    with tarfile.open(TESTS / "data" / "releases" / "release_0_1.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "release_0_1"


def test_manifests_match_the_files(run_dir: Path) -> None:
    for stage in STAGES:
        manifest = read_manifest(run_dir / stage)
        assert manifest is not None and manifest["outputs"] == folder_hashes(run_dir / stage), stage
        assert (run_dir / stage / MANIFEST).is_file()


def test_store_is_read(run_dir: Path) -> None:
    store = ClipStore(run_dir / "prepare")
    assert store.labels == LABELS
    numbers = store.select("testing")
    words = [store.rows[number].word for number in numbers]
    assert words.count("yes") == words.count("no") == 2
    tones = [number for number in numbers if store.rows[number].word == "yes"]
    assert all(np.abs(store.clip(number)).max() > 10_000 for number in tones)
    assert len(store.noise("testing")) > 0


def test_model_has_the_golden_outputs(run_dir: Path) -> None:
    image = (run_dir / "quantize" / "model.kws").read_bytes()
    with np.load(run_dir / "quantize" / "golden.npz") as golden:
        assert np.array_equal(CoreModel(image).run(golden["inputs"]), golden["outputs"])
    assert ImageRequirements.of(image).sample_rate_hz == 8000
    assert read_parameters((run_dir / "quantize" / "model.tflite").read_bytes())["classes"] == list(LABELS)


def test_the_detector_keeps_its_rule(run_dir: Path) -> None:
    image = (run_dir / "quantize" / "model.kws").read_bytes()
    settings = unpack_settings(read_sections(image)[DETECTOR])
    parameters = read_parameters((run_dir / "quantize" / "model.tflite").read_bytes())
    assert not settings["compare_keywords_only"] and not detector_settings(parameters).compare_keywords_only


def test_run_is_imported_reported_and_compared(run_dir: Path) -> None:
    archive = run_dir / "release_0_1.kwspipe.zip"
    for path in (run_dir, archive):
        assert read_model(path, None).labels == LABELS
    contents = read(run_dir)
    assert not contents.outdated and contents.history is not None and contents.metrics is not None
    assert "release_0_1" in compose(contents, composed("+experiment=smoke").report)
    files = run_archive.read(archive)
    assert evaluated_run("release_0_1", files, str(archive)).name == "release_0_1"
    assert set(files) == set(run_archive.collect_members(run_dir)) | {run_archive.CARD}


def test_imported_model_has_the_identical_image(run_dir: Path, tmp_path: Path) -> None:
    image = (run_dir / "quantize" / "model.kws").read_bytes()
    for number, path in enumerate((run_dir, run_dir / "release_0_1.kwspipe.zip")):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = composed_config(f"import.path={path}", "name=other", "quantize.count_instructions=false")
        import_model.run(config, tmp_path / "run", folder)
        assert (folder / "model.kws").read_bytes() == image


def test_weights_are_a_checkpoint(run_dir: Path) -> None:
    weights = run_dir / "train" / "model.weights.h5"
    for path in (weights, run_dir / "release_0_1.kwspipe.zip"):
        assert "predictions" in read_checkpoint(path)
        assert class_names(path)[: len(LABELS)] == LABELS


def test_configuration_of_the_run_has_the_former_keys(run_dir: Path) -> None:
    config = OmegaConf.load(run_dir / "config.yaml")
    assert config.train.other_words_apart == 0 and config.adopt.path is None
