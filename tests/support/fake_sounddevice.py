"""Replacement of the package sounddevice, with one microphone that plays samples."""

import sys
import types

import numpy as np
import pytest

from support.takes import RATE_HZ

SILENCE = np.zeros(RATE_HZ, np.int16)


class PortAudioError(Exception):
    """Replacement of sounddevice.PortAudioError."""


class InputStream:
    """Replacement of sounddevice.InputStream. Each read reports an overflow."""

    def __init__(self, samples: np.ndarray, **settings: object) -> None:
        self.samplerate = settings["samplerate"]
        self.samples = samples
        self.open = False

    def __enter__(self) -> "InputStream":
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def read(self, num_samples: int) -> tuple[np.ndarray, bool]:
        assert self.open
        block, self.samples = self.samples[:num_samples], self.samples[num_samples:]
        return block.reshape(-1, 1), True


def install(monkeypatch: pytest.MonkeyPatch, samples: np.ndarray = SILENCE) -> None:
    """Replaces sounddevice by a module with the loudspeaker 0 and the microphone 1, "webcam"."""
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
        InputStream=lambda **settings: InputStream(samples, **settings),
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)
