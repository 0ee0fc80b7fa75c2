"""The engines that speak: what the synthetic source needs to know of each.

An engine has speakers, says what one of them does with a text, and turns that utterance into samples. What a speaker
says of a word at the nth time depends on the word, the speaker and n only: more clips, other splits or other words
leave the rest as it was, so that the cache serves every run.
"""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from kwspipe.audio.pcm import Pcm, float_from_pcm, pcm_from_float, resample
from kwspipe.config import EngineName, SyntheticConfig
from kwspipe.dataset.tts import espeak, kokoro
from kwspipe.dataset.tts.speech_cache import SpeechCache

# What ends a text decides its melody: told, called, asked, and in the middle of something.
ENDINGS = (".", "!", "?", ",")
Utterance = espeak.Utterance | kokoro.Utterance


@dataclass(frozen=True)
class Speaker:
    """A voice of an engine.

    Attributes:
        name: of the speaker, in clips.csv.
        voice: the engine's name of it.
        family: speakers that sound related share it, and are kept in one split.
    """

    name: str
    voice: str
    family: str


class Engine(Protocol):
    """A synthesizer.

    Attributes:
        name: as ``dataset.synthetic.engines`` has it.
        seed: decides who says what, and how.
    """

    name: EngineName
    seed: str

    def speakers(self) -> list[Speaker]:
        """Returns its speakers.

        Raises:
            KwspipeError: it is not installed, or its settings name what it does not have.
        """
        ...

    def utterance(self, text: str, speaker: Speaker, draw: random.Random) -> Utterance:
        """Draws how a speaker says a text."""
        ...


def takes(engine: Engine, word: str, speakers: Sequence[Speaker]) -> Iterator[tuple[Speaker, int, Utterance]]:
    """Yields how speakers say a word, each once before any a second time, without end: speaker, take, utterance."""
    key = f"{engine.seed}/{word}"
    ordered = sorted(speakers, key=lambda speaker: blake2b(f"{key}/{speaker.name}".encode()).digest())
    for take in itertools.count() if ordered else ():
        for speaker in ordered:
            draw = random.Random(f"{key}/{speaker.name}/{take}")
            yield speaker, take, engine.utterance(f"{word}{draw.choice(ENDINGS)}", speaker, draw)


def clips_each(
    engines: Sequence[EngineName], shares: Mapping[EngineName, float], total: int
) -> dict[EngineName, int]:
    """Divides ``total`` clips among the engines by their shares; the sum is kept."""
    weight = sum(shares[name] for name in engines)
    counts: dict[EngineName, int] = {}
    passed = 0.0
    for name in engines:
        begin = round(total * passed / weight)
        passed += shares[name]
        counts[name] = round(total * passed / weight) - begin
    return counts


@dataclass(frozen=True)
class SpeechSynthesizer:
    """Turns utterances into samples, by way of the cache; processes get a copy.

    Attributes:
        cache: None keeps nothing.
        voices: the archive of Kokoro's voices.
        voices_sha256: of that archive.
    """

    cache: SpeechCache | None
    voices: Path
    voices_sha256: str

    @classmethod
    def of(cls, config: SyntheticConfig) -> "SpeechSynthesizer":
        """Returns the one that the configuration asks for."""
        cache = None if config.cache_dir is None else SpeechCache(Path(config.cache_dir).expanduser())
        return cls(cache, kokoro.voices_path(config.kokoro), config.kokoro.voices_sha256)

    def key(self, utterance: Utterance) -> dict[str, Any]:
        """Returns all that the samples of an utterance depend on."""
        if isinstance(utterance, espeak.Utterance):
            return {"engine": "espeak", "version": espeak.version(), **asdict(utterance)}
        return {"engine": "kokoro", "version": kokoro.version(self.voices_sha256), **asdict(utterance)}

    def speak(self, utterance: Utterance, sample_rate_hz: int) -> Pcm:
        """Returns the samples of an utterance, (samples,) int16 at ``sample_rate_hz``."""

        def make() -> tuple[Pcm, int]:
            if isinstance(utterance, espeak.Utterance):
                return espeak.speak(utterance)
            return kokoro.speak(utterance, self.voices)

        pcm, rate_hz = self.cache.get(self.key(utterance), make) if self.cache else make()
        samples = float_from_pcm(pcm)
        return pcm_from_float(resample(samples, rate_hz, sample_rate_hz) if samples.size else samples)
