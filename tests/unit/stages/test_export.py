"""Stage ``export``: embedded parameters, C source, and an unchanged model."""

import ctypes
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tflite as schema

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.exchange import c_source
from kwspipe.stages import export, import_model
from kwspipe.tflite.metadata import read_parameters
from kwspipe.tflite.metadata_codec import decode
from support.run_folders import composed_config, tflite_with_parameters
from support.small_model import LABELS, small_tflite


def imported(tmp_path: Path, model: bytes, *overrides: str) -> tuple[PipelineConfig, Path]:
    """Returns a configuration and its run directory with an imported model."""
    (tmp_path / "m.tflite").write_bytes(model)
    config = composed_config(
        f"import.path={tmp_path / 'm.tflite'}", "name=3 words".replace(" ", "-"),
        "quantize.count_instructions=false", *overrides,
    )  # fmt: skip
    folder = tmp_path / "run" / "quantize"
    folder.mkdir(parents=True)
    import_model.run(config, tmp_path / "run", folder)
    manifest = {"config": {"detector": dict(vars(config.detector))}, "outputs": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return config, tmp_path / "run"


def run(config: PipelineConfig, run_dir: Path) -> Path:
    folder = run_dir / "export"
    folder.mkdir()
    export.run(config, run_dir, folder)
    return folder


def test_a_model_with_its_parameters_stays_as_it_is(tmp_path: Path) -> None:
    model = tflite_with_parameters(0, description="theirs")
    folder = run(*imported(tmp_path, model))
    assert {path.name for path in folder.iterdir()} == {
        "3-words.tflite", "m_3_words.h", "m_3_words.cc", "labels.txt",
    }  # fmt: skip
    assert (folder / "3-words.tflite").read_bytes() == model
    assert (folder / "labels.txt").read_text().split() == list(LABELS)


def test_a_threshold_of_the_command_line_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tflite_with_parameters(0, detection_threshold_list=[1, 2, 3, 4])
    config, run_dir = imported(tmp_path, model)
    detector = type(config.detector)(**(vars(config.detector) | {"detection_threshold": 201}))
    config = type(config)(**(vars(config) | {"detector": detector}))
    exported = (run(config, run_dir) / "3-words.tflite").read_bytes()
    before, after = read_parameters(model), read_parameters(exported)
    assert (after["detection_threshold"], "detection_threshold_list" in after) == (201, False)
    differing = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    assert differing == {"detection_threshold", "detection_threshold_list", "hash"}
    assert "detection_threshold 201 of 255 (79 %), in the model 4 of 255 (2 %)" in capsys.readouterr().err


def test_another_reader_finds_the_parameters(tmp_path: Path) -> None:
    """Reads the metadata with the public schema, as the vendor's tools do."""
    exported = (run(*imported(tmp_path, tflite_with_parameters(0))) / "3-words.tflite").read_bytes()
    model = schema.Model.GetRootAs(exported, 0)
    entries = [model.Metadata(index) for index in range(model.MetadataLength())]
    (entry,) = [entry for entry in entries if entry.Name() == b"SL_PARAMSv1"]
    parameters = decode(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    assert parameters["classes"] == list(LABELS)
    assert parameters["fe.sample_rate_hz"] == 16000 and parameters["latency_ms"] == 100


def test_a_model_without_parameters_gets_them(tmp_path: Path) -> None:
    config, run_dir = imported(tmp_path, small_tflite(0), "import.labels=[one,two,_unknown_,_silence_]")
    folder = run(config, run_dir)
    exported = (folder / "3-words.tflite").read_bytes()
    parameters = read_parameters(exported)
    assert parameters["classes"] == list(LABELS) and parameters["name"] == "3-words"
    shutil.rmtree(folder)
    assert (run(config, run_dir) / "3-words.tflite").read_bytes() == exported


def test_other_outputs_than_the_golden_ones_are_an_error(tmp_path: Path) -> None:
    config, run_dir = imported(tmp_path, tflite_with_parameters(0))
    path = run_dir / "quantize" / "golden.npz"
    with np.load(path) as golden:
        inputs, outputs = golden["inputs"], golden["outputs"].copy()
    outputs[1, 0] ^= 1
    np.savez(path, inputs=inputs, outputs=outputs)
    with pytest.raises(
        KwspipeError, match="the outputs of the exported model differ from those of the source"
    ):
        run(config, run_dir)


@pytest.mark.parametrize("compiler", ["cc -std=c11 -x c", "c++ -std=c++11 -x c++"])
def test_compilers_accept_the_array(tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler.split()[0]) is None:
        pytest.skip(f"needs {compiler.split()[0]}")
    data = np.random.default_rng(0).integers(0, 256, 1001).astype(np.uint8).tobytes()
    labels = ["one", 'a"b\\c', "été", "??)", "_silence_"]
    (tmp_path / "m.h").write_text(c_source.header("m", "a */ comment\nof two lines", "00", 5, 99))
    (tmp_path / "m.cc").write_text(c_source.source("m", "a */ comment", data, labels))
    command = [*compiler.split(), "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "m.cc", "-o", "m.so"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    library = ctypes.CDLL(str(tmp_path / "m.so"))
    assert ctypes.c_size_t.in_dll(library, "m_tflite_bytes").value == 1001
    array = (ctypes.c_uint8 * 1001).in_dll(library, "m_tflite")
    assert bytes(array) == data and ctypes.addressof(array) % 16 == 0
    assert [t.decode() for t in (ctypes.c_char_p * 5).in_dll(library, "m_labels")] == labels


@pytest.mark.parametrize(
    ("text", "name"), [("digits_3-a", "digits_3_a"), ("3words", "m_3words"), ("_x", "m_x"), ("été", "m_t_")]
)
def test_names_of_c(text: str, name: str) -> None:
    assert c_source.c_name(text) == name
