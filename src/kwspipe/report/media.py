"""Sound and pictures that a page carries in itself, as data URIs."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile
from markupsafe import Markup
from PIL import Image

from kwspipe.audio.pcm import Pcm
from kwspipe.report.charts.bars import waveform

# Six colours of the map "magma" (by Nathaniel Smith and Stefan van der Walt, CC0), equally spaced; between them
# straight lines. It grows evenly in lightness, so that it can be read in grey and by the colour-blind.
MAGMA = ((0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191))
# int8 features take every value once, lowest first.
NUM_SHADES = 256


@dataclass(frozen=True)
class ClipView:
    """A clip to hear and to look at.

    Attributes:
        title: what it is.
        note: a line below it.
        audio: data URI.
        features: data URI of a picture of its features; time to the right, frequency upwards.
        wave: its waveform.
        seconds: its length.
    """

    title: str
    note: str
    audio: str
    features: str
    wave: Markup
    seconds: float


def view(
    title: str,
    note: str,
    pcm: Pcm,
    features: npt.NDArray[np.int8],
    sample_rate_hz: int,
    word: tuple[int, int] | None = None,
) -> ClipView:
    """Makes a clip ready for a page.

    Args:
        title: what it is.
        note: a line below it.
        pcm: (samples,) int16.
        features: (frames, channels) int8.
        sample_rate_hz: of the samples.
        word: bounds of the word in samples, to be marked in the waveform.
    """
    seconds = len(pcm) / sample_rate_hz
    wave = waveform(pcm, f"waveform of {title}", word)
    return ClipView(title, note, flac(pcm, sample_rate_hz), picture(features), wave, seconds)


def flac(pcm: Pcm, sample_rate_hz: int) -> str:
    """Returns (samples,) int16 as a data URI of FLAC: the very samples, in about half their bytes."""
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, sample_rate_hz, format="FLAC", subtype="PCM_16")
    return _data_uri("audio/flac", buffer.getvalue())


def picture(features: npt.NDArray[np.int8]) -> str:
    """Returns features (frames, channels) int8 as a data URI of PNG, a pixel a value, low channels at the bottom."""
    shades = features.astype(np.int16) - np.iinfo(np.int8).min
    image = Image.fromarray(np.flipud(shades.T).astype(np.uint8), mode="P")
    image.putpalette(_palette())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return _data_uri("image/png", buffer.getvalue())


def _palette() -> list[int]:
    places = np.linspace(0, len(MAGMA) - 1, NUM_SHADES)
    channels = [np.interp(places, range(len(MAGMA)), [colour[i] for colour in MAGMA]) for i in range(3)]
    return np.stack(channels, axis=1).round().astype(int).ravel().tolist()


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
