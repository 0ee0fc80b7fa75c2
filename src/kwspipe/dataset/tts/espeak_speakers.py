"""espeak-ng's speakers: its voice variants in the accents of the configuration."""

import random
import re

from kwspipe.config import EngineName, SyntheticConfig
from kwspipe.dataset.selection import closest_first
from kwspipe.dataset.tts import espeak
from kwspipe.dataset.tts.synthesizers import Speaker
from kwspipe.errors import KwspipeError


class EspeakSpeakers:
    """The engine espeak-ng; see ``Engine``.

    Args:
        config: accents, rates, pitches, how many voices.
        seed: of the experiment: draws the voices, and who says what.
    """

    name: EngineName = "espeak"

    def __init__(self, config: SyntheticConfig, seed: int) -> None:
        self.config = config
        self.seed = str(seed)

    def speakers(self) -> list[Speaker]:
        """Returns every variant drawn in every accent; a variant and its relatives are a family."""
        drawn = espeak.variants()
        random.Random(f"{self.seed}/voices").shuffle(drawn)
        return [
            Speaker(f"{accent.rpartition('/')[2]}+{variant}", f"{accent}+{variant}", family(variant))
            for variant in sorted(drawn[: self.config.max_voices])
            for accent in self.accents()
        ]

    def accents(self) -> list[str]:
        """Returns the identifiers of the accents of the configuration.

        Raises:
            KwspipeError: there are none, or espeak-ng does not have one.
        """
        known = espeak.accents()
        for index, accent in enumerate(self.config.accents):
            if accent not in known:
                close = ", ".join(closest_first(accent, known)[:8])
                where = f"dataset.synthetic.accents.{index}"
                raise KwspipeError(
                    where, f"{accent!r}", f"espeak-ng's languages, closest first: {close}", "correct it"
                )
        if not self.config.accents:
            raise KwspipeError("dataset.synthetic.accents", "none", "at least one, as en-us", "name one")
        return [known[accent] for accent in self.config.accents]

    def utterance(self, text: str, speaker: Speaker, draw: random.Random) -> espeak.Utterance:
        """Draws rate and pitch."""
        rate = draw.randint(self.config.min_rate_wpm, self.config.max_rate_wpm)
        pitch = draw.randint(self.config.min_pitch, self.config.max_pitch)
        return espeak.Utterance(text, speaker.voice, rate, pitch)


def family(variant: str) -> str:
    """Returns the name that related voices share: klatt of klatt2; f1 and f2 are not related."""
    return re.sub(r"(?<=[A-Za-z]{3})\d+$", "", variant)
