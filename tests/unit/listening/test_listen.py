"""The stage: settings at run time, what it leaves, what it refuses; the board's own microphone by a fake link."""

import csv
import json
import signal
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from kwspipe.config import PipelineConfig
from kwspipe.device.messages import Event
from kwspipe.errors import KwspipeError
from kwspipe.listening import on_board
from kwspipe.listening.session import ends_by
from kwspipe.stages import listen
from support.run_folders import composed_config
from support.small_model import LABELS, small_image

NOISE = (np.random.default_rng(3).normal(0, 0.1, 48000) * 32767).astype(np.int16)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    quantized = tmp_path / "run" / "quantize"
    quantized.mkdir(parents=True)
    (quantized / "model.kws").write_bytes(small_image(7))
    before = vars(composed_config("+experiment=digits_3").detector)
    manifest = {"config": {"detector": before}, "outputs": {}}
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


def test_it_leaves_what_it_heard(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detections, session = run(run_dir, f"listen.dump_dir={run_dir / 'kept'}")
    assert len(detections) >= 2 and session["detections"] == len(detections)
    assert {row["label"] for row in detections} <= set(LABELS)
    assert session["audio_s"] == pytest.approx(3.0) and session["interrupted"] is False
    assert session["detector"]["detection_threshold"] == 130  # the model's own, not the configuration's
    assert len(list((run_dir / "kept").rglob("*.wav"))) == len(detections)
    said = capsys.readouterr().err
    assert f"{float(detections[0]['time_s']):8.2f} s  {detections[0]['label']}" in said
    assert "in 3.0 s of audio" in said and "after removal of wrong clips: dataset=folder" in said


def test_settings_of_the_command_line_hold_at_run_time(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detections, session = run(run_dir, "detector.detection_threshold=255")
    assert detections == [] and session["detector"]["detection_threshold"] == 255
    said = capsys.readouterr().err
    assert "detector as configured: detection_threshold 255 (the model has 130)" in said
    assert "detected nothing in 3.0 s of audio" in said


def test_a_slower_board_runs_the_model_less_often(run_dir: Path) -> None:
    _, quick = run(run_dir)
    _, slow = run(run_dir, "listen.latency_ms=400", "detector.minimum_count=1")
    assert quick["num_inferences"] > 2.5 * slow["num_inferences"] > 0
    assert slow["detector"]["latency_ms"] == 400


def test_a_latency_the_detector_cannot_have_is_refused(run_dir: Path) -> None:
    with pytest.raises(KwspipeError, match=r"minimum_count is 4, but .* or detector.minimum_count too"):
        run(run_dir, "listen.latency_ms=1000", "detector.minimum_count=4")


def test_no_microphone_says_what_to_install(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    with pytest.raises(
        KwspipeError, match=r"listen: the package sounddevice is not installed.*kwspipe\[audio"
    ):
        run(run_dir, "listen.source=null")


def test_the_boards_own_microphone_gives_no_sound_to_keep(run_dir: Path) -> None:
    with pytest.raises(KwspipeError, match=r"listen.dump_dir: a folder, while the board reads its own mic"):
        run(run_dir, "listen.source=null", "listen.on=board", f"listen.dump_dir={run_dir}")


def test_ctrl_c_is_taken_and_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with ends_by(signal.SIGINT) as stopped:
        assert not stopped()
        signal.raise_signal(signal.SIGINT)
        assert stopped()
    assert signal.getsignal(signal.SIGINT) is before


class FakeLink:
    """A board that detects a word at each look."""

    def __init__(self) -> None:
        self.num_events: int | None = None
        self.num_asked = 0
        self.transport = SimpleNamespace(receive=self._receive)
        self._events: list[Event] = []

    def _receive(self, timeout_s: float) -> None:
        self._events.append(Event(len(self._events), 500, 1, 200, "two"))

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(num_events=7, num_inferences=10)

    def fetch_events(self) -> None:
        self.num_asked += 1

    @contextmanager
    def listen(self):
        yield self._events


def test_the_boards_own_microphone() -> None:
    link, heard, asked = FakeLink(), [], iter([False, False, True])
    view = SimpleNamespace(begin=lambda name: heard.append(name), heard=heard.append)
    report = on_board._own_microphone(link, None, view, lambda: next(asked))  # type: ignore[arg-type]
    assert report.interrupted and link.num_events == 7  # older detections are not asked for
    assert heard[0] == on_board.OWN_MICROPHONE
    assert [(h.label, h.score, h.time_s) for h in report.detections] == [("two", 200, 0.5)] * 3
