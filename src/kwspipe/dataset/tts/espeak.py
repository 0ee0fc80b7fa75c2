"""Speech by espeak-ng, through the library and data of the package ``espeakng_loader`` (GPL-3.0, an extra).

espeak-ng keeps state from one utterance to the next: the phase of its oscillators, its noise generator. The library
is therefore loaded afresh for every utterance, which takes 5 ms: a clip then depends on its own text, voice, rate and
pitch only, wherever and whenever it is spoken. One thread of a process at a time may speak.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cffi
import numpy as np

from kwspipe.audio.pcm import Pcm, Samples, float_from_pcm, pcm_from_float, resample
from kwspipe.errors import KwspipeError

# From espeak-ng's speak_lib.h.
_DECLARATIONS = """
typedef struct {
    const char *name; const char *languages; const char *identifier;
    unsigned char gender, age, variant, xx1; int score; void *spare;
} espeak_VOICE;
int espeak_Initialize(int output, int buflength, const char *path, int options);
int espeak_Terminate(void);
void espeak_SetSynthCallback(int (*callback)(short *, int, void *));
int espeak_SetVoiceByName(const char *name);
int espeak_SetParameter(int parameter, int value, int relative);
int espeak_Synth(const void *text, size_t size, unsigned int position, int position_type,
                 unsigned int end_position, unsigned int flags, unsigned int *identifier, void *user_data);
int espeak_ng_SetRandSeed(long seed);
const espeak_VOICE **espeak_ListVoices(espeak_VOICE *spec);
const char *espeak_TextToPhonemes(const void **text, int text_mode, int phoneme_mode);
void srand(unsigned seed);
"""
_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_RATE, _PITCH = 1, 3
_CHARS_UTF8 = 1
_IPA_TIED = (
    0x02 | 0x80 | ord("^") << 8
)  # bit 1: IPA; bit 7: the character in bits 8 to 23 ties, not separates
STRESS_MARKS = "',%="

# Not of people, or without a voice. "fast" is the plain voice at another rate.
ROBOTS_AND_WHISPERS = frozenset(
    {
        "Demonic",
        "Tweaky",
        "UniRobot",
        "anikaRobot",
        "croak",
        "fast",
        "kaukovalta",
        "whisper",
        "whisperf",
        "robosoft",
    }
    | {f"robosoft{number}" for number in range(2, 9)}
)

_ffi = cffi.FFI()
_ffi.cdef(_DECLARATIONS)
_libc = _ffi.dlopen(None)
_spoken: list[bytes] = []


@_ffi.callback("int(short *, int, void *)")
def _receive(samples: Any, num_samples: int, _: Any) -> int:
    if samples != _ffi.NULL and num_samples > 0:
        _spoken.append(bytes(_ffi.buffer(samples, 2 * num_samples)))
    return 0


@dataclass(frozen=True)
class Utterance:
    """What is said, and how.

    Attributes:
        text: the words; punctuation at the end gives it its melody.
        voice: an espeak-ng voice, ``+`` and a variant: ``gmw/en-US+f3``.
        rate_wpm: words a minute.
        pitch: 0 to 99.
    """

    text: str
    voice: str
    rate_wpm: int
    pitch: int


def installed() -> bool:
    """Tells whether the extra ``synthetic`` is installed."""
    return find_spec("espeakng_loader") is not None


@cache
def version() -> str:
    """Returns what else a clip depends on: the version of the library and its data."""
    return metadata.version("espeakng-loader")


def synthesize(utterance: Utterance, sample_rate_hz: int) -> Pcm:
    """Speaks an utterance; the same one gives the same samples.

    Returns:
        (samples,) int16 at ``sample_rate_hz``; empty where there is nothing to pronounce.
    """
    spoken, rate_hz = speak(utterance)
    return pcm_from_float(_at_rate(spoken, rate_hz, sample_rate_hz))


def speak(utterance: Utterance) -> tuple[Pcm, int]:
    """Speaks an utterance; returns its samples, (samples,) int16, and the rate in Hz that espeak-ng has."""
    with _library() as (lib, rate_hz):
        lib.espeak_SetSynthCallback(_receive)
        lib.espeak_ng_SetRandSeed(1)
        _libc.srand(1)  # one of its synthesizers draws from there
        _set_voice(lib, utterance.voice)
        lib.espeak_SetParameter(_RATE, utterance.rate_wpm, 0)
        lib.espeak_SetParameter(_PITCH, utterance.pitch, 0)
        text = utterance.text.encode()
        _spoken.clear()
        lib.espeak_Synth(text, len(text) + 1, 0, 0, 0, _CHARS_UTF8, _ffi.NULL, _ffi.NULL)
    return np.frombuffer(b"".join(_spoken), np.int16), rate_hz


def accents() -> dict[str, str]:
    """Returns the voices there are: identifiers by language code, as ``en-gb-scotland``, and by identifier."""
    found: dict[str, tuple[int, str]] = {}
    with _library() as (lib, _):
        voices = lib.espeak_ListVoices(_ffi.NULL)
        index = 0
        while voices[index] != _ffi.NULL:
            identifier = _ffi.string(voices[index].identifier).decode()
            # A list of a byte, the lower the closer the voice is to the language, and the language's code.
            language = voices[index].languages
            while language[0] != b"\0":
                code = _ffi.string(language + 1).decode()
                found[code] = min(found.get(code, (256, "")), (language[0][0], identifier))
                language += len(code) + 2
            found[identifier] = (0, identifier)
            index += 1
    return {name: identifier for name, (_, identifier) in found.items()}


def variants() -> list[str]:
    """Returns the variants that sound like people, sorted."""
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return sorted(path.name for path in folder.iterdir() if path.name not in ROBOTS_AND_WHISPERS)


def phonemes(words: list[str], voice: str) -> dict[str, str]:
    """Returns how words are pronounced, in espeak-ng's phonemes without stress; homophones have the same."""
    unstressed = str.maketrans("", "", STRESS_MARKS)
    return {word: found.translate(unstressed) for word, found in _pronounced(words, voice, 0).items()}


def ipa(words: list[str], voice: str) -> dict[str, str]:
    """Returns how words are pronounced, in IPA with stress; phonemes of more than one letter are tied with ``^``."""
    return _pronounced(words, voice, _IPA_TIED)


def _pronounced(words: list[str], voice: str, phoneme_mode: int) -> dict[str, str]:
    """Asks espeak-ng for the pronunciation of each word, written as ``phoneme_mode`` says."""
    spoken = {}
    with _library() as (lib, _):
        _set_voice(lib, voice)
        for word in words:
            text = _ffi.new("char[]", word.encode())
            rest = _ffi.new("const void **", text)
            spoken[word] = _ffi.string(lib.espeak_TextToPhonemes(rest, _CHARS_UTF8, phoneme_mode)).decode()
    return spoken


@contextmanager
def _library() -> Iterator[tuple[Any, int]]:
    """Yields the library, freshly loaded, and the rate in Hz it speaks at."""
    import espeakng_loader

    lib = _ffi.dlopen(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path().encode()
        rate_hz = lib.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if rate_hz <= 0:
            raise KwspipeError(
                "espeak-ng",
                f"it does not start with its data in {data.decode()}",
                "the package espeakng-loader, whole",
                "pip install --force-reinstall espeakng-loader",
            )
        yield lib, rate_hz
        lib.espeak_Terminate()
    finally:
        _ffi.dlclose(lib)


def _set_voice(lib: Any, voice: str) -> None:
    if lib.espeak_SetVoiceByName(voice.encode()) != 0:
        raise KwspipeError(
            "espeak-ng", f"no voice {voice!r}", "a voice it has", "correct dataset.synthetic.accents"
        )


def _at_rate(spoken: Pcm, from_hz: int, to_hz: int) -> Samples:
    samples = float_from_pcm(spoken)
    return resample(samples, from_hz, to_hz) if samples.size else samples
