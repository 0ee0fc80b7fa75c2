"""Speech synthesis by espeak-ng, with the library and data of the optional package ``espeakng_loader`` (GPL-3.0).

espeak-ng keeps state between utterances, for example the phase of its oscillators and its noise generator. The library
is therefore loaded again for each utterance, which takes 5 ms. The samples then depend only on text, voice, rate and
pitch. Only one thread of a process may use this module at a time.
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
from kwspipe.labels import spoken_text

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
)  # bit 1: IPA; bit 7: the character in bits 8 to 23 joins the letters of a phoneme
STRESS_MARKS = "',%="

# Variants that do not sound human or are whispered. "fast" is the default voice at another rate.
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
_chunks: list[bytes] = []


@_ffi.callback("int(short *, int, void *)")
def _receive(samples: Any, num_samples: int, _: Any) -> int:
    if samples != _ffi.NULL and num_samples > 0:
        _chunks.append(bytes(_ffi.buffer(samples, 2 * num_samples)))
    return 0


@dataclass(frozen=True)
class Utterance:
    """Text and parameters of an utterance. Names and values of the fields are part of the cache key.

    Attributes:
        text: the words. Punctuation at the end determines the intonation.
        voice: a voice of espeak-ng, ``+`` and a variant, for example ``gmw/en-US+f3``.
        rate_wpm: words per minute.
        pitch: 0 to 99.
    """

    text: str
    voice: str
    rate_wpm: int
    pitch: int


def is_installed() -> bool:
    """Returns whether the extra ``synthetic`` is installed."""
    return find_spec("espeakng_loader") is not None


@cache
def library_version() -> str:
    """Returns the version of the library and its data, which is part of the cache key."""
    return metadata.version("espeakng-loader")


def synthesize(utterance: Utterance, sample_rate_hz: int) -> Pcm:
    """Synthesizes an utterance. The same utterance gives the same samples.

    Returns:
        (samples,) int16 at ``sample_rate_hz``; empty if the text contains no words.
    """
    pcm, rate_hz = synthesize_native(utterance)
    return pcm_from_float(_resampled(pcm, rate_hz, sample_rate_hz))


def synthesize_native(utterance: Utterance) -> tuple[Pcm, int]:
    """Returns the samples of an utterance, (samples,) int16, and the sample rate of espeak-ng in Hz."""
    with _library() as (lib, rate_hz):
        lib.espeak_SetSynthCallback(_receive)
        lib.espeak_ng_SetRandSeed(1)
        _libc.srand(1)  # one of the synthesizers of espeak-ng uses rand()
        _set_voice(lib, utterance.voice)
        lib.espeak_SetParameter(_RATE, utterance.rate_wpm, 0)
        lib.espeak_SetParameter(_PITCH, utterance.pitch, 0)
        text = utterance.text.encode()
        _chunks.clear()
        lib.espeak_Synth(text, len(text) + 1, 0, 0, 0, _CHARS_UTF8, _ffi.NULL, _ffi.NULL)
    return np.frombuffer(b"".join(_chunks), np.int16), rate_hz


def accents() -> dict[str, str]:
    """Returns the identifiers of all voices by language code, for example ``en-gb-scotland``, and by identifier."""
    ranked: dict[str, tuple[int, str]] = {}
    with _library() as (lib, _):
        voices = lib.espeak_ListVoices(_ffi.NULL)
        index = 0
        while voices[index] != _ffi.NULL:
            identifier = _ffi.string(voices[index].identifier).decode()
            # Each entry of the list is a byte with the priority, where lower is closer, and the code of the language.
            language = voices[index].languages
            while language[0] != b"\0":
                code = _ffi.string(language + 1).decode()
                ranked[code] = min(ranked.get(code, (256, "")), (language[0][0], identifier))
                language += len(code) + 2
            ranked[identifier] = (0, identifier)
            index += 1
    return {name: identifier for name, (_, identifier) in ranked.items()}


def variants() -> list[str]:
    """Returns the variants that sound human, sorted."""
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return sorted(path.name for path in folder.iterdir() if path.name not in ROBOTS_AND_WHISPERS)


def phonemes(words: list[str], voice: str) -> dict[str, str]:
    """Returns the pronunciation of words in the notation of espeak-ng without stress. Homophones have equal texts."""
    unstressed = str.maketrans("", "", STRESS_MARKS)
    return {word: text.translate(unstressed) for word, text in _pronunciations(words, voice, 0).items()}


def ipa(words: list[str], voice: str) -> dict[str, str]:
    """Returns the pronunciation of words in IPA with stress. Letters of one phoneme are joined by ``^``."""
    return _pronunciations(words, voice, _IPA_TIED)


def _pronunciations(words: list[str], voice: str, phoneme_mode: int) -> dict[str, str]:
    """Returns the pronunciation of words in the notation ``phoneme_mode`` of speak_lib.h."""
    pronunciations = {}
    with _library() as (lib, _):
        _set_voice(lib, voice)
        for word in words:
            text = _ffi.new("char[]", spoken_text(word).encode())
            rest = _ffi.new("const void **", text)
            pronunciations[word] = _ffi.string(
                lib.espeak_TextToPhonemes(rest, _CHARS_UTF8, phoneme_mode)
            ).decode()
    return pronunciations


@contextmanager
def _library() -> Iterator[tuple[Any, int]]:
    """Loads the library; yields it and its sample rate in Hz."""
    import espeakng_loader

    lib = _ffi.dlopen(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path().encode()
        rate_hz = lib.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if rate_hz <= 0:
            raise KwspipeError(
                "espeak-ng",
                f"it cannot be initialized with its data in {data.decode()}",
                "a complete installation of the package espeakng-loader",
                "pip install --force-reinstall espeakng-loader",
            )
        yield lib, rate_hz
        lib.espeak_Terminate()
    finally:
        _ffi.dlclose(lib)


def _set_voice(lib: Any, voice: str) -> None:
    if lib.espeak_SetVoiceByName(voice.encode()) != 0:
        raise KwspipeError(
            "espeak-ng", f"no voice {voice!r}", "a voice of espeak-ng", "correct dataset.synthetic.accents"
        )


def _resampled(pcm: Pcm, from_hz: int, to_hz: int) -> Samples:
    samples = float_from_pcm(pcm)
    return resample(samples, from_hz, to_hz) if samples.size else samples
