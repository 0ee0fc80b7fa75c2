"""Interface of speech synthesis engines, and synthesis of utterances through the cache.

An engine lists its speakers and draws the parameters of an utterance. The parameters depend only on the word, the
speaker and the number of the take. More clips, other splits or other words do not change existing utterances, so that
the cache is shared by all runs.
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
from kwspipe.labels import spoken_text

# The punctuation at the end of a text determines its intonation.
ENDINGS = (".", "!", "?", ",")
Utterance = espeak.Utterance | kokoro.Utterance


@dataclass(frozen=True)
class Speaker:
    """A voice of an engine.

    Attributes:
        name: name of the speaker in clips.csv.
        voice: name of the voice in the engine.
        family: name shared by related speakers, which are in one split.
    """

    name: str
    voice: str
    family: str


class Engine(Protocol):
    """A speech synthesis engine.

    Attributes:
        name: name in ``dataset.synthetic.engines``.
        seed: seed of the order of speakers and of the parameters of utterances.
    """

    name: EngineName
    seed: str

    def speakers(self) -> list[Speaker]:
        """Returns the speakers.

        Raises:
            KwspipeError: the engine is not installed, or a setting names an unknown voice.
        """
        ...

    def utterance(self, text: str, speaker: Speaker, rng: random.Random) -> Utterance:
        """Draws the parameters with which a speaker pronounces a text."""
        ...


def generate_takes(
    engine: Engine, word: str, speakers: Sequence[Speaker]
) -> Iterator[tuple[Speaker, int, Utterance]]:
    """Yields an endless sequence of utterances of a word: (speaker, number of the take, utterance).

    Each speaker has one take before the second take of any speaker.
    """
    key = f"{engine.seed}/{word}"
    ordered = sorted(speakers, key=lambda speaker: blake2b(f"{key}/{speaker.name}".encode()).digest())
    for take in itertools.count() if ordered else ():
        for speaker in ordered:
            rng = random.Random(f"{key}/{speaker.name}/{take}")
            yield speaker, take, engine.utterance(f"{spoken_text(word)}{rng.choice(ENDINGS)}", speaker, rng)


def clips_per_engine(
    engines: Sequence[EngineName], shares: Mapping[EngineName, float], total: int
) -> dict[EngineName, int]:
    """Divides ``total`` clips among the engines by their shares. The sum of the counts is ``total``."""
    weight = sum(shares[name] for name in engines)
    counts: dict[EngineName, int] = {}
    cumulated = 0.0
    for name in engines:
        begin = round(total * cumulated / weight)
        cumulated += shares[name]
        counts[name] = round(total * cumulated / weight) - begin
    return counts


@dataclass(frozen=True)
class SpeechSynthesizer:
    """Synthesizes utterances through the cache. It is pickled for worker processes.

    Attributes:
        cache: cache of samples; None for no cache.
        voices: archive of the voices of Kokoro.
        voices_sha256: hash of this archive.
    """

    cache: SpeechCache | None
    voices: Path
    voices_sha256: str

    @classmethod
    def of(cls, config: SyntheticConfig) -> "SpeechSynthesizer":
        """Creates a synthesizer from the configuration."""
        cache = None if config.cache_dir is None else SpeechCache(Path(config.cache_dir).expanduser())
        return cls(cache, kokoro.voices_path(config.kokoro), config.kokoro.voices_sha256)

    def key(self, utterance: Utterance) -> dict[str, Any]:
        """Returns all values that determine the samples of an utterance, as the key of the cache."""
        if isinstance(utterance, espeak.Utterance):
            return {"engine": "espeak", "version": espeak.library_version(), **asdict(utterance)}
        return {"engine": "kokoro", "version": kokoro.model_version(self.voices_sha256), **asdict(utterance)}

    def synthesize(self, utterance: Utterance, sample_rate_hz: int) -> Pcm:
        """Returns the samples of an utterance, (samples,) int16 at ``sample_rate_hz``."""

        def make() -> tuple[Pcm, int]:
            if isinstance(utterance, espeak.Utterance):
                return espeak.synthesize_native(utterance)
            return kokoro.synthesize_native(utterance, self.voices)

        pcm, rate_hz = self.cache.get(self.key(utterance), make) if self.cache else make()
        samples = float_from_pcm(pcm)
        return pcm_from_float(resample(samples, rate_hz, sample_rate_hz) if samples.size else samples)
