"""Stage ``listen``: detector settings, output files and errors."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.stages import listen
from support.run_folders import composed_config
from support.small_model import LABELS, small_image

NOISE = (np.random.default_rng(3).normal(0, 0.1, 48000) * 32767).astype(np.int16)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    quantized = tmp_path / "run" / "quantize"
    quantized.mkdir(parents=True)
    (quantized / "model.kws").write_bytes(small_image(7))
    detector = vars(composed_config("+experiment=digits_3").detector)
    manifest = {"config": {"detector": detector}, "outputs": {}}
    (quantized / "manifest.json").write_text(json.dumps(manifest))
    soundfile.write(tmp_path / "noise.wav", NOISE, 16000)
    return tmp_path / "run"


def configured(run_dir: Path, *overrides: str) -> PipelineConfig:
    return composed_config(
        "+experiment=digits_3", f"listen.source={run_dir.parent / 'noise.wav'}", *overrides
    )


def run(run_dir: Path, *overrides: str) -> tuple[list[dict[str, str]], dict]:
    folder = run_dir / "listen"
    folder.mkdir(exist_ok=True)
    listen.run(configured(run_dir, *overrides), run_dir, folder)
    with (folder / "detections.csv").open() as file:
        return list(csv.DictReader(file)), json.loads((folder / "session.json").read_text())


def test_detections_and_their_audio_are_written(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detections, session = run(run_dir, f"listen.dump_dir={run_dir / 'kept'}")
    assert len(detections) >= 2 and session["detections"] == len(detections)
    assert {row["label"] for row in detections} <= set(LABELS)
    assert session["audio_s"] == pytest.approx(3.0) and session["interrupted"] is False
    assert (
        session["detector"]["detection_threshold"] == 130
    )  # the value of the model, not of the configuration
    assert len(list((run_dir / "kept").rglob("*.wav"))) == len(detections)
    stderr = capsys.readouterr().err
    assert f"{float(detections[0]['time_s']):8.2f} s  {detections[0]['label']}" in stderr
    assert "in 3.0 s of audio" in stderr and "after removal of wrong clips: dataset=folder" in stderr


def test_settings_of_the_command_line_replace_those_of_the_model(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detections, session = run(run_dir, "detector.detection_threshold=255")
    assert detections == [] and session["detector"]["detection_threshold"] == 255
    stderr = capsys.readouterr().err
    assert (
        "detector as configured: detection_threshold 255 of 255 (100 %), in the model 130 of 255 (51 %)"
        in stderr
    )
    assert "detected nothing in 3.0 s of audio" in stderr


def test_a_higher_latency_gives_fewer_inferences(run_dir: Path) -> None:
    _, fast = run(run_dir)
    _, slow = run(run_dir, "listen.latency_ms=400", "detector.minimum_count=1")
    assert fast["num_inferences"] > 2.5 * slow["num_inferences"] > 0
    assert slow["detector"]["latency_ms"] == 400


def test_a_latency_that_contradicts_minimum_count_is_rejected(run_dir: Path) -> None:
    with pytest.raises(
        KwspipeError, match=r"minimum_count is 4, but .* or change detector.minimum_count too"
    ):
        run(run_dir, "listen.latency_ms=1000", "detector.minimum_count=4")


def test_a_missing_package_is_named(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    with pytest.raises(
        KwspipeError, match=r"listen: the package sounddevice is not installed.*kwspipe\[audio"
    ):
        run(run_dir, "listen.source=null")


def test_a_dump_folder_with_the_microphone_of_the_board_is_rejected(run_dir: Path) -> None:
    with pytest.raises(KwspipeError, match=r"listen.dump_dir: a folder, while the board reads its own mic"):
        run(run_dir, "listen.source=null", "listen.on=board", f"listen.dump_dir={run_dir}")
