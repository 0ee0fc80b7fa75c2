"""Audio and images of clips as data URIs."""

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

# Six equally spaced colours of the map "magma" (Nathaniel Smith and Stefan van der Walt, CC0), interpolated linearly.
# Its lightness is uniform, so that it is readable in grey and for the colour-blind.
MAGMA = ((0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191))
NUM_SHADES = 256  # one per int8 value


@dataclass(frozen=True)
class ClipView:
    """A clip with audio and images for a page.

    Attributes:
        title: title below the images.
        note: line below the title.
        audio: data URI of the samples as FLAC.
        features: data URI of an image of the features; time on the horizontal axis, frequency on the vertical axis.
        wave: waveform as SVG.
        seconds: duration of the clip.
    """

    title: str
    note: str
    audio: str
    features: str
    wave: Markup
    seconds: float


def clip_view(
    title: str,
    note: str,
    pcm: Pcm,
    features: npt.NDArray[np.int8],
    sample_rate_hz: int,
    word: tuple[int, int] | None = None,
) -> ClipView:
    """Returns a clip with audio and images for a page.

    Args:
        title: title below the images.
        note: line below the title.
        pcm: (samples,) int16.
        features: (frames, channels) int8.
        sample_rate_hz: sample rate of ``pcm``.
        word: bounds of the word in samples; they are shaded in the waveform.
    """
    seconds = len(pcm) / sample_rate_hz
    wave = waveform(pcm, f"waveform of {title}", word)
    return ClipView(title, note, flac_uri(pcm, sample_rate_hz), feature_image(features), wave, seconds)


def flac_uri(pcm: Pcm, sample_rate_hz: int) -> str:
    """Returns (samples,) int16 as a data URI of FLAC, which is lossless."""
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, sample_rate_hz, format="FLAC", subtype="PCM_16")
    return _data_uri("audio/flac", buffer.getvalue())


def feature_image(features: npt.NDArray[np.int8]) -> str:
    """Returns features (frames, channels) int8 as a data URI of PNG, one pixel per value, channel 0 lowest."""
    shades = features.astype(np.int16) - np.iinfo(np.int8).min
    image = Image.fromarray(np.flipud(shades.T).astype(np.uint8), mode="P")
    image.putpalette(_palette())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return _data_uri("image/png", buffer.getvalue())


def _palette() -> list[int]:
    positions = np.linspace(0, len(MAGMA) - 1, NUM_SHADES)
    channels = [np.interp(positions, range(len(MAGMA)), [colour[i] for colour in MAGMA]) for i in range(3)]
    return np.stack(channels, axis=1).round().astype(int).ravel().tolist()


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
