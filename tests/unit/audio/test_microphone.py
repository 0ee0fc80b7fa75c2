"""The microphone and the stage, with a module in the place of sounddevice: what is missing is told."""

import builtins
import dataclasses
import json
import signal
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from kwspipe.__main__ import conf_dir
from kwspipe.audio.microphone import open_microphone
from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse
from kwspipe.config.stage_order import OPTIONAL
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.stages import load
from support.takes import RATE_HZ, room, take

SILENCE = np.zeros(RATE_HZ, np.int16)


class PortAudioError(Exception):
    pass


class Stream:
    """As sounddevice.InputStream, playing samples."""

    def __init__(self, samples: np.ndarray, **settings: object) -> None:
        self.samplerate = settings["samplerate"]
        self.samples = samples
        self.open = False

    def __enter__(self) -> "Stream":
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def read(self, num_samples: int) -> tuple[np.ndarray, bool]:
        assert self.open
        block, self.samples = self.samples[:num_samples], self.samples[num_samples:]
        return block.reshape(-1, 1), True


def install(monkeypatch, samples: np.ndarray = SILENCE) -> None:
    """Puts a module in the place of sounddevice, with one microphone and one loudspeaker."""
    devices = [
        {"index": 0, "name": "loudspeaker", "max_input_channels": 0, "default_samplerate": 48000.0},
        {"index": 1, "name": "webcam", "max_input_channels": 1, "default_samplerate": float(RATE_HZ)},
    ]

    def query_devices(device: object = None, kind: str | None = None) -> object:
        if kind is None:
            return devices
        if device in (None, 1, "webcam"):
            return devices[1]
        if isinstance(device, int):
            raise PortAudioError(f"Error querying device {device}")
        raise ValueError(f"No input device matching {device!r}")

    module = types.SimpleNamespace(
        PortAudioError=PortAudioError,
        query_devices=query_devices,
        InputStream=lambda **settings: Stream(samples, **settings),
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def config(root: Path, *overrides: str) -> PipelineConfig:
    given = [
        "+experiment=custom",
        "dataset.words=[computer,lights]",
        "stages=[record]",
        f"dataset.root={root}",
    ]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return parse(compose("config", overrides=[*given, *overrides]))


def test_a_microphone_gives_blocks_of_mono(monkeypatch):
    install(monkeypatch, np.arange(1000, dtype=np.int16))
    with open_microphone("webcam", "record") as microphone:
        assert (microphone.name, microphone.rate_hz) == ("webcam", RATE_HZ)
        assert np.array_equal(microphone.read(300), np.arange(300))
        assert np.array_equal(microphone.read(300), np.arange(300, 600))
        assert microphone.overflows == 2


@pytest.mark.parametrize("device", ["7", "studio"])
def test_a_microphone_that_is_not_there_names_those_that_are(monkeypatch, device: str):
    install(monkeypatch)
    with pytest.raises(KwspipeError) as caught, open_microphone(device, "record"):
        pass
    assert f"record.device: {device}, which cannot be opened (" in str(caught.value)
    assert "Allowed: one of: 1 webcam. Next: connect one, or name it" in str(caught.value)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with (
        pytest.raises(KwspipeError, match=r"sounddevice is not installed.*pip install kwspipe\[audio\]"),
        open_microphone(None, "record"),
    ):
        pass


def test_without_portaudio_its_package_is_named(monkeypatch):
    real = builtins.__import__

    def fail(name: str, *rest: object, **named: object) -> object:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", fail)
    with (
        pytest.raises(KwspipeError, match=r"PortAudio is not installed.*apt-get install libportaudio2"),
        open_microphone(None, "record"),
    ):
        pass


def test_the_stage_files_takes_and_leaves_its_report(monkeypatch, tmp_path: Path, capsys):
    pause = room(0.1)
    takes = [part for _ in range(2) for part in (pause, take())]
    install(monkeypatch, np.concatenate([pause, room(1.0), *takes]))
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
def test_settings_that_cannot_be_are_told(tmp_path: Path, override: str, expected: str):
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, override)
    assert expected in str(caught.value)
