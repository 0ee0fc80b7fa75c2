"""Microphone input, with a replacement of the package sounddevice."""

import builtins
import sys

import numpy as np
import pytest

from kwspipe.audio.microphone import open_microphone
from kwspipe.errors import KwspipeError
from support import fake_sounddevice
from support.takes import RATE_HZ


def test_a_microphone_returns_blocks_of_mono_samples(monkeypatch):
    fake_sounddevice.install(monkeypatch, np.arange(1000, dtype=np.int16))
    with open_microphone("webcam", "record") as microphone:
        assert (microphone.name, microphone.rate_hz) == ("webcam", RATE_HZ)
        assert np.array_equal(microphone.read(300), np.arange(300))
        assert np.array_equal(microphone.read(300), np.arange(300, 600))
        assert microphone.overflows == 2


@pytest.mark.parametrize("device", ["7", "studio"])
def test_the_error_of_a_missing_microphone_lists_the_microphones(monkeypatch, device: str):
    fake_sounddevice.install(monkeypatch)
    with pytest.raises(KwspipeError) as caught, open_microphone(device, "record"):
        pass
    assert f"record.device: {device}, which cannot be opened (" in str(caught.value)
    assert "Allowed: one of: 1 webcam. Next: connect one, or name it" in str(caught.value)


def test_the_error_without_the_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with (
        pytest.raises(KwspipeError, match=r"sounddevice is not installed.*pip install kwspipe\[audio\]"),
        open_microphone(None, "record"),
    ):
        pass


def test_the_error_without_portaudio_names_its_package(monkeypatch):
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
