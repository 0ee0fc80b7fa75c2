"""Stage ``record``: stored takes, its report and errors of the configuration."""

import dataclasses
import json
import signal
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import PipelineConfig
from kwspipe.config.stage_order import OPTIONAL
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.stages import load
from support import fake_sounddevice
from support.run_folders import composed_config
from support.takes import room, take


def config(root: Path, *overrides: str) -> PipelineConfig:
    given = [
        "+experiment=custom",
        "dataset.words=[computer,lights]",
        "stages=[record]",
        f"dataset.root={root}",
    ]
    return composed_config(*given, *overrides)


def test_the_stage_stores_takes_and_a_report(monkeypatch, tmp_path: Path, capsys):
    pause = room(0.1)
    takes = [part for _ in range(2) for part in (pause, take())]
    fake_sounddevice.install(monkeypatch, np.concatenate([pause, room(1.0), *takes]))
    settings = ("record.speaker=ann", "record.takes=1", "record.noise_s=1.0", "record.pause_s=0.1")
    folder = tmp_path / "run" / "record"
    folder.mkdir(parents=True)
    handler = signal.getsignal(signal.SIGINT)
    load("record").run(config(tmp_path / "mine", *settings), tmp_path / "run", folder)
    assert signal.getsignal(signal.SIGINT) is handler
    session = json.loads((folder / "session.json").read_text())
    assert session["device"] == "webcam" and not session["ended_early"]
    assert [entry["word"] for entry in session["filed"]] == ["", "computer", "lights"]
    assert (tmp_path / "mine" / "lights" / "ann_nohash_0.wav").is_file()
    assert "2 takes stored in" in capsys.readouterr().err


def test_a_session_needs_a_speaker_and_a_folder(tmp_path: Path):
    stage = load("record")
    with pytest.raises(KwspipeError, match=r"record.speaker: null.*add record.speaker=ann"):
        stage.run(config(tmp_path), tmp_path, tmp_path)
    without = config(tmp_path, "record.speaker=ann")
    without = dataclasses.replace(without, dataset=dataclasses.replace(without.dataset, root=None))
    with pytest.raises(KwspipeError, match=r"dataset.root: null.*set dataset.root=my/recordings"):
        stage.run(without, tmp_path, tmp_path)


def test_the_stage_is_optional_and_never_up_to_date():
    stage = load("record")
    assert "record" in OPTIONAL and stage.always and stage.interactive


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("record.speaker=ann_nohash_2", "speaker is 'ann_nohash_2'; it must not contain _nohash_"),
        ("record.speaker=a/b", "record.speaker"),
        ("record.max_word_ms=3000", "min_word_ms, max_word_ms and take_s are 120 ms, 3000 ms and 2 s"),
    ],
)
def test_invalid_settings_are_errors(tmp_path: Path, override: str, expected: str):
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, override)
    assert expected in str(caught.value)
