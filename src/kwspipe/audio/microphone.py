"""Microphone input through PortAudio: blocks of mono int16 samples.

The package ``sounddevice`` is an extra (``pip install kwspipe[audio]``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.errors import KwspipeError


class AudioInput(Protocol):
    """A source of samples in real time.

    Attributes:
        rate_hz: sample rate.
        name: name shown in reports.
    """

    rate_hz: int
    name: str

    def read(self, num_samples: int) -> Pcm:
        """Waits for the next samples and returns them, (num_samples,) int16; fewer at the end of the input."""
        ...


class Microphone:
    """An open microphone; see ``AudioInput``.

    Attributes:
        overflows: number of blocks before which samples were lost because they were read too late.
    """

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self.rate_hz = round(stream.samplerate)
        self.name = name
        self.overflows = 0

    def read(self, num_samples: int) -> Pcm:
        """Waits for the next samples and returns them; see ``AudioInput.read``."""
        block, overflowed = self._stream.read(num_samples)  # (samples, 1)
        self.overflows += bool(overflowed)
        return np.array(block, np.int16).reshape(-1)


@contextmanager
def open_microphone(device: str | None, stage: str) -> Iterator[Microphone]:
    """Opens a microphone at its default sample rate and closes it at the end of the context.

    Args:
        device: number or part of the name of the microphone; None for the default of the system.
        stage: stage that has the setting ``device``, for error messages.

    Raises:
        KwspipeError: the extra or PortAudio is not installed, or the microphone does not exist.
    """
    sounddevice = load_sounddevice(stage)
    selected = int(device) if device is not None and device.isdecimal() else device
    try:
        properties: Any = sounddevice.query_devices(selected, "input")
        stream = sounddevice.InputStream(
            samplerate=properties["default_samplerate"], device=selected, channels=1, dtype="int16"
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise KwspipeError(
            f"{stage}.device",
            f"{device or 'the default microphone'}, which cannot be opened ({str(error).splitlines()[0]})",
            f"one of: {'; '.join(_microphones(sounddevice)) or 'none, this machine has no microphone'}",
            f"connect one, or name it: {stage}.device=<number or part of its name>",
        ) from None
    with stream:
        yield Microphone(stream, str(properties["name"]))


def load_sounddevice(stage: str) -> Any:
    """Returns the package ``sounddevice``.

    Args:
        stage: name of the stage that needs it, for the error.

    Raises:
        KwspipeError: the package or the library PortAudio is not installed.
    """
    try:
        import sounddevice
    except ImportError:
        raise KwspipeError(
            stage,
            "the package sounddevice is not installed",
            "an installed one",
            "pip install kwspipe[audio]",
        ) from None
    except OSError:  # the package is installed, but the library that it loads is not
        raise KwspipeError(
            stage,
            "the library PortAudio is not installed",
            "PortAudio, which sounddevice requires",
            "apt-get install libportaudio2 (Debian, Ubuntu), or your system's package of PortAudio",
        ) from None
    return sounddevice


def _microphones(sounddevice: Any) -> list[str]:
    devices = sounddevice.query_devices()
    return [f"{d['index']} {d['name']}" for d in devices if d["max_input_channels"] > 0]
