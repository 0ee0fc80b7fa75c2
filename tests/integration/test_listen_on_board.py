"""The board listens to recordings that are fed to it, and hears what this machine hears."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.core.spotter import Spotter
from kwspipe.listening import on_board
from kwspipe.listening.session import HeardDetection
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


def test_the_board_hears_what_this_machine_hears(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[HeardDetection] = []
    monkeypatch.setattr(listen.PlainView, "heard", lambda _, detection: heard.append(detection))
    session = run(run_dir, f"listen.dump_dir={run_dir / 'kept'}")
    expected = [(d.label, d.score, d.time_ms / 1000) for d in Spotter(IMAGE).feed(NOISE)]
    for name in ("a.wav", "b.wav"):
        assert [(h.label, h.score, h.time_s) for h in heard if h.source == name] == expected
    assert session["detections"] == 2 * len(expected) >= 4
    assert session["audio_s"] == pytest.approx(6.0)
    assert len(list((run_dir / "kept").rglob("*.wav"))) == session["detections"]


def test_ctrl_c_ends_a_feed_and_leaves_the_board_in_order(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()
    monkeypatch.setattr(on_board, "_end_if", lambda _: ended(next(calls)))
    session = run(run_dir)
    assert (
        session["num_sounds"] == 2
    )  # the feed of the first was ended, that of the second begun and carried out
    assert session["audio_s"] == pytest.approx(3.0)  # of the second
    expected = [d.label for d in Spotter(IMAGE).feed(NOISE)]
    lines = (run_dir / "listen" / "detections.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines if line.startswith("b.wav")] == expected


def ended(call: int) -> None:
    if call == 1:
        raise on_board._EndedError
