"""Deploy stage on boards without hardware: its result, its output and its errors."""

import importlib.util
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from kwspipe.config import BoardConfig
from kwspipe.config.threshold_text import threshold_text
from kwspipe.device import firmware
from kwspipe.device.golden import SelfTestError
from kwspipe.device.push import DoesNotFitError
from kwspipe.errors import KwspipeError
from kwspipe.stages import deploy
from support.small_model import golden_of, small_image

IMAGE = small_image(7)


@pytest.fixture
def run_dir(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("needs make to build firmware")
    quantized = tmp_path / "quantize"
    quantized.mkdir()
    (quantized / "model.kws").write_bytes(IMAGE)
    golden = golden_of(IMAGE, 6)
    np.savez(quantized / "golden.npz", inputs=golden.inputs.reshape(6, 59, 49), outputs=golden.outputs)
    return tmp_path


def run(run_dir, board: str, golden_inputs: int = 4, feed: str | None = None) -> dict:
    settings = BoardConfig(name=board, port=None, golden_inputs=golden_inputs, feed=feed)
    config = SimpleNamespace(board=settings)
    folder = run_dir / "deploy"
    folder.mkdir()
    deploy.run(config, run_dir, folder)
    assert [path.name for path in folder.iterdir()] == [f"{board}.json"]
    return json.loads((folder / f"{board}.json").read_text())


def test_a_model_is_deployed_to_the_native_board(run_dir, capsys):
    result = run(run_dir, "host")
    assert result["parity"] == {"vectors": 4, "equal": True}
    assert (result["board"], result["firmware"]) == ("host", firmware.build("host").version)
    assert (result["image_bytes"], result["slot_bytes"]) == (len(IMAGE), 504 * 1024)
    assert result["arena_bytes"] < result["memory_bytes"] < 73728
    assert result["nanoseconds_per_inference"] >= sum(result["nanoseconds_per_operator"]) > 0
    assert 0 < result["push_seconds"] < 30
    output = capsys.readouterr().err
    assert f"flash of a slot: {len(IMAGE):,} of 516,096 bytes" in output
    assert "memory (arena, features, front end): " in output and " left" in output
    assert "all outputs of 4 golden inputs are equal bit for bit" in " ".join(output.split())


def test_a_model_is_deployed_to_the_emulated_board(run_dir):
    pytest.importorskip("unicorn", reason="the emulated board needs the extra `emulator`")
    if not (shutil.which("arm-none-eabi-gcc") or importlib.util.find_spec("ziglang")):
        pytest.skip("needs arm-none-eabi-gcc or ziglang to build the board's firmware")
    result = run(run_dir, "emulated")
    assert result["parity"] == {"vectors": 4, "equal": True}
    assert (result["board"], result["firmware"]) == ("brd2601", firmware.build("brd2601").version)
    assert 10_000 < result["instructions_per_inference"] < 1_000_000
    assert 10_000 < result["firmware_flash_bytes"] <= 40 * 1024
    assert 70_000 < result["firmware_ram_bytes"] <= 160 * 1024


@pytest.fixture
def recording(tmp_path):
    noise = np.random.default_rng(3).normal(0, 0.1, 48000).clip(-1, 1)
    soundfile.write(tmp_path / "noise.wav", noise, 16000, subtype="PCM_16")
    return str(tmp_path / "noise.wav")


def test_a_recording_is_fed_and_its_detections_compared(run_dir, recording, capsys):
    result = run(run_dir, "host", feed=recording)["feed"]
    assert result["equal"] and len(result["detections"]) >= 2
    assert result["audio_seconds"] == 3.0
    first = result["detections"][0]
    assert first["label"] in ("one", "two") and 1190 <= first["time_ms"] <= 3000 and first["score"] > 130
    output = capsys.readouterr().err
    score = threshold_text(first["score"])
    assert f"{first['time_ms'] / 1000:7.2f} s  {first['label']}, score {score}" in output
    assert f"{len(result['detections'])} detections in 3.0 s of audio" in output


def test_different_detections_of_board_and_core_fail_the_stage(run_dir, recording, monkeypatch):
    monkeypatch.setattr(deploy.Spotter, "feed", lambda *_: [])
    with pytest.raises(
        SelfTestError, match=r"board.feed: the board detected Detection.*detections of the host: nothing"
    ):
        run(run_dir, "host", feed=recording)


def test_the_recording_is_a_source_of_the_stage(recording):
    settings = BoardConfig(name="host", port=None, golden_inputs=1, feed=recording)
    assert list(deploy.sources(SimpleNamespace(board=settings))) == ["board.feed"]
    assert deploy.sources(SimpleNamespace(board=replace(settings, feed=None))) == {}


def test_an_output_that_differs_fails_the_stage(run_dir):
    golden = golden_of(IMAGE, 6)
    golden.outputs[2, 1] ^= 1
    np.savez(run_dir / "quantize" / "golden.npz", inputs=golden.inputs, outputs=golden.outputs)
    with pytest.raises(SelfTestError, match="golden input 2 of 4"):
        run(run_dir, "host")
    assert list((run_dir / "deploy").iterdir()) == []


def test_a_model_with_fewer_golden_inputs_is_verified_with_all_of_them(run_dir):
    assert run(run_dir, "host", golden_inputs=7)["parity"] == {"vectors": 6, "equal": True}


def test_a_damaged_image_is_not_sent(run_dir):
    (run_dir / "quantize" / "model.kws").write_bytes(IMAGE[:-1])
    with pytest.raises(KwspipeError, match=r"cannot be run.*run quantize again"):
        run(run_dir, "host")


def test_an_image_that_is_too_large_is_not_sent(run_dir):
    (run_dir / "quantize" / "model.kws").write_bytes(IMAGE + bytes(520_000))
    with pytest.raises(DoesNotFitError, match=r"of 516,096 bytes, 31,383 too many.*nothing was sent"):
        run(run_dir, "host")
