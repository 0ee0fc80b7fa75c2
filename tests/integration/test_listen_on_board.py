"""Detection on a board: the same detections as on this computer for the same recordings."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.core.spotter import Spotter
from kwspipe.listening import on_board
from kwspipe.listening.session import DetectionRecord
from kwspipe.stages import listen
from support.run_folders import composed_config
from support.small_model import golden_of, small_image

NOISE = (np.random.default_rng(3).normal(0, 0.1, 48000) * 32767).astype(np.int16)
IMAGE = small_image(7)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("needs make to build firmware")
    quantized = tmp_path / "run" / "quantize"
    quantized.mkdir(parents=True)
    (quantized / "model.kws").write_bytes(IMAGE)
    golden = golden_of(IMAGE, 4)
    np.savez(quantized / "golden.npz", inputs=golden.inputs.reshape(4, 59, 49), outputs=golden.outputs)
    (tmp_path / "sound").mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / "sound" / name, NOISE, 16000)
    return tmp_path / "run"


def run(run_dir: Path, *overrides: str) -> dict:
    config = composed_config(
        "+experiment=digits_3", "board=host", "board.golden_inputs=2", "listen.on=board",
        f"listen.source={run_dir.parent / 'sound'}", *overrides,
    )  # fmt: skip
    folder = run_dir / "listen"
    folder.mkdir()
    listen.run(config, run_dir, folder)
    return json.loads((folder / "session.json").read_text())


def test_the_board_gives_the_same_detections_as_this_computer(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[DetectionRecord] = []
    monkeypatch.setattr(listen.PlainView, "show_detection", lambda _, detection: shown.append(detection))
    session = run(run_dir, f"listen.dump_dir={run_dir / 'kept'}")
    expected = [(d.label, d.score, d.time_ms / 1000) for d in Spotter(IMAGE).feed(NOISE)]
    for name in ("a.wav", "b.wav"):
        assert [(h.label, h.score, h.time_s) for h in shown if h.source == name] == expected
    assert session["detections"] == 2 * len(expected) >= 4
    assert session["audio_s"] == pytest.approx(6.0)
    assert len(list((run_dir / "kept").rglob("*.wav"))) == session["detections"]


def test_ctrl_c_ends_a_recording_and_the_board_accepts_the_next(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()
    monkeypatch.setattr(on_board, "_raise_if", lambda _: stop_at_second_call(next(calls)))
    session = run(run_dir)
    assert session["num_sounds"] == 2
    assert session["audio_s"] == pytest.approx(3.0)  # only the second recording was sent completely
    expected = [d.label for d in Spotter(IMAGE).feed(NOISE)]
    lines = (run_dir / "listen" / "detections.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines if line.startswith("b.wav")] == expected


def stop_at_second_call(call: int) -> None:
    if call == 1:
        raise on_board._StoppedError
