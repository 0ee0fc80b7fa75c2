"""Speakers of espeak-ng: voice variants with the accents of the configuration."""

import random
import re

from kwspipe.config import EngineName, SyntheticConfig
from kwspipe.dataset.tts import espeak
from kwspipe.dataset.tts.synthesizers import Speaker
from kwspipe.dataset.word_errors import closest_first
from kwspipe.errors import KwspipeError


class EspeakSpeakers:
    """The engine espeak-ng, an ``Engine``.

    Args:
        config: accents, ranges of rate and pitch, and the number of voices.
        seed: seed of the experiment. It determines voices, rates and pitches.
    """

    name: EngineName = "espeak"

    def __init__(self, config: SyntheticConfig, seed: int) -> None:
        self.config = config
        self.seed = str(seed)

    def speakers(self) -> list[Speaker]:
        """Returns each selected variant with each accent. Related variants are a family."""
        variants = espeak.variants()
        random.Random(f"{self.seed}/voices").shuffle(variants)
        return [
            Speaker(f"{accent.rpartition('/')[2]}+{variant}", f"{accent}+{variant}", family(variant))
            for variant in sorted(variants[: self.config.max_voices])
            for accent in self.accents()
        ]

    def accents(self) -> list[str]:
        """Returns the identifiers of the accents of the configuration.

        Raises:
            KwspipeError: no accents are configured, or espeak-ng does not have an accent.
        """
        available = espeak.accents()
        for index, accent in enumerate(self.config.accents):
            if accent not in available:
                close = ", ".join(closest_first(accent, available)[:8])
                where = f"dataset.synthetic.accents.{index}"
                raise KwspipeError(
                    where, f"{accent!r}", f"the languages of espeak-ng, closest first: {close}", "correct it"
                )
        if not self.config.accents:
            raise KwspipeError(
                "dataset.synthetic.accents", "none", "at least one, for example en-us", "add one"
            )
        return [available[accent] for accent in self.config.accents]

    def utterance(self, text: str, speaker: Speaker, rng: random.Random) -> espeak.Utterance:
        """Draws rate and pitch of an utterance."""
        rate = rng.randint(self.config.min_rate_wpm, self.config.max_rate_wpm)
        pitch = rng.randint(self.config.min_pitch, self.config.max_pitch)
        return espeak.Utterance(text, speaker.voice, rate, pitch)


def family(variant: str) -> str:
    """Returns the common name of related variants: klatt for klatt2. The variants f1 and f2 are not related."""
    return re.sub(r"(?<=[A-Za-z]{3})\d+$", "", variant)
