"""Synthetic speech where there are no recordings: the words by many voices, accents, rates and pitches.

A voice is a variant of espeak-ng. Voices are split by the hash rule of Speech Commands, as speakers are, so that none
is heard in two splits, whatever its accent.
"""

import multiprocessing
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property, partial

from kwspipe.audio import AudioError, Pcm
from kwspipe.config import DatasetConfig
from kwspipe.dataset import espeak, generated_noise
from kwspipe.dataset.decode import in_order, num_workers
from kwspipe.dataset.espeak import Utterance
from kwspipe.dataset.generated_noise import BABBLE, COLOURS, GeneratedNoise
from kwspipe.dataset.recordings import SPLITS, Found, Recording, SourceUnavailable, Split, printable
from kwspipe.dataset.selection import closest_first
from kwspipe.dataset.splits import split_speakers
from kwspipe.errors import KwspipeError
from kwspipe.process import exit_with_parent

# What ends a text decides its melody: told, called, asked, and in the middle of something.
ENDINGS = (".", "!", "?", ",")
NUM_BABBLE_VOICES = 6
NUM_BABBLE_WORDS = 8
MAX_NOISE_RECORDING_S = 10.0
QUIETEST_NOISE_DB, LOUDEST_NOISE_DB = -50.0, -20.0


class SyntheticSource:
    """Speech and noise that are computed.

    Args:
        dataset: words, splits and the settings of the synthesis.
        clip_s: length of a clip in seconds, the least noise a split needs.
        seed: decides who says what, and how.
    """

    name = "synthetic"
    synthetic = True

    def __init__(self, dataset: DatasetConfig, clip_s: float, seed: int) -> None:
        self.dataset = dataset
        self.config = dataset.synthetic
        self.clip_s = clip_s
        self.seed = seed

    def find(self) -> Found:
        """Lists the clips that can be spoken; see ``Source.find``."""
        if not espeak.installed():
            raise SourceUnavailable("espeak-ng is not installed: pip install kwspipe[synthetic]")
        keywords = [printable(word) for word in self.dataset.words]
        accents = self._accents()
        others = self._unknown_words(keywords, accents[0])
        voices = self._voices()
        words = [r for word in (*keywords, *others) for r in self._recordings(word, voices, accents)]
        noise = self._noise(others, voices, accents)
        return Found(
            tuple(sorted(words, key=_path)), tuple(sorted(noise, key=_path)), listed=frozenset(SPLITS)
        )

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Speaks, in processes, since espeak-ng has one voice a process; see ``Source.read``."""
        try:
            yield from in_order(self._pool, partial(_render, sample_rate_hz=sample_rate_hz), recordings)
        except BrokenProcessPool:
            raise KwspipeError(
                "espeak-ng",
                "a process that speaks was killed, or it crashed",
                "processes that run to their end",
                "see whether the machine ran out of memory (dmesg), then run the same command again",
            ) from None

    def close(self) -> None:
        """Ends the processes."""
        if "_pool" in vars(self):
            self._pool.shutdown(cancel_futures=True)

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(num_workers(), mp_context=context, initializer=exit_with_parent)

    def _accents(self) -> list[str]:
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

    def _unknown_words(self, keywords: Sequence[str], voice: str) -> list[str]:
        """Returns the other words, without those that sound as a keyword does ("to" and "two")."""
        wanted = [printable(word) for word in self.dataset.unknown_words or self.config.unknown_words]
        spoken = espeak.phonemes([*keywords, *wanted], voice)
        sounds = {spoken[word] for word in keywords}
        return [word for word in dict.fromkeys(wanted) if spoken[word] not in sounds]

    def _voices(self) -> dict[Split, list[str]]:
        """Draws the voices and splits them; those of one family, as klatt and klatt2, stay together."""
        drawn = espeak.variants()
        random.Random(f"{self.seed}/voices").shuffle(drawn)
        drawn = sorted(drawn[: self.config.max_voices])
        percentages = self.dataset.validation_percentage, self.dataset.testing_percentage
        splits = split_speakers(map(family, drawn), *percentages)
        voices = {
            split: [variant for variant in drawn if splits[family(variant)] == split] for split in SPLITS
        }
        for split, percentage in zip(SPLITS, (100.0, *percentages), strict=True):
            if percentage > 0 and not voices[split]:
                raise KwspipeError(
                    "dataset.synthetic.max_voices",
                    f"{self.config.max_voices}, which leaves no voice for {split}",
                    "at least one voice for each split",
                    "raise dataset.synthetic.max_voices to 4 or more",
                )
        return voices

    def _recordings(
        self, word: str, voices: Mapping[Split, Sequence[str]], accents: Sequence[str]
    ) -> Iterator[Recording]:
        for split, num_clips in self._clips_a_split(voices).items():
            draw = random.Random(f"{self.seed}/{word}/{split}")
            speakers = [(variant, accent) for variant in voices[split] for accent in accents]
            draw.shuffle(speakers)
            for number in range(num_clips):
                variant, accent = speakers[number % len(speakers)]
                utterance = self._utterance(f"{word}{draw.choice(ENDINGS)}", variant, accent, draw)
                speaker = f"{accent.rpartition('/')[2]}+{variant}"
                path = f"{word}/{speaker}_nohash_{number // len(speakers)}"
                yield Recording(path, word, speaker, split, utterance, repr(utterance))

    def _clips_a_split(self, voices: Mapping[Split, Sequence[str]]) -> dict[Split, int]:
        """Shares the clips of a word as the configuration shares speakers; at least one where there are voices."""
        total = self.config.clips_per_word
        percentages = {
            "validation": self.dataset.validation_percentage,
            "testing": self.dataset.testing_percentage,
        }
        counts: dict[Split, int] = {
            split: max(1, round(total * percentages[split] / 100)) if voices[split] else 0
            for split in SPLITS
            if split != "training"
        }
        return {"training": max(1, total - sum(counts.values())), **counts}

    def _utterance(self, text: str, variant: str, accent: str, draw: random.Random) -> Utterance:
        rate = draw.randint(self.config.min_rate_wpm, self.config.max_rate_wpm)
        pitch = draw.randint(self.config.min_pitch, self.config.max_pitch)
        return Utterance(text, f"{accent}+{variant}", rate, pitch)

    def _noise(
        self, words: Sequence[str], voices: Mapping[Split, Sequence[str]], accents: Sequence[str]
    ) -> Iterator[Recording]:
        """Lists noise of every kind for every split, each recording as loud as drawn; babble has the split's voices."""
        total = self.config.clips_per_word
        shares = {split: num_clips / total for split, num_clips in self._clips_a_split(voices).items()}
        for split in (split for split in SPLITS if voices[split]):
            duration_s = max(2 * self.clip_s, self.config.noise_s * shares[split])
            num_recordings = -int(-duration_s // MAX_NOISE_RECORDING_S)
            for kind in (*COLOURS, *([BABBLE] if words else [])):
                for number in range(num_recordings):
                    draw = random.Random(f"{self.seed}/{kind}/{split}/{number}")
                    babble = [
                        self._utterance(
                            ", ".join(draw.choices(words, k=NUM_BABBLE_WORDS)),
                            draw.choice(voices[split]),
                            draw.choice(accents),
                            draw,
                        )
                        for _ in range(NUM_BABBLE_VOICES if kind == BABBLE else 0)
                    ]
                    level_db = draw.uniform(QUIETEST_NOISE_DB, LOUDEST_NOISE_DB)
                    seed = draw.randrange(2**32)
                    noise = GeneratedNoise(kind, duration_s / num_recordings, level_db, seed, tuple(babble))
                    path = f"_background_noise_/{kind}_{split}_{number}"
                    yield Recording(path, "", path, split, noise, repr(noise))


def family(variant: str) -> str:
    """Returns the name that related voices share: klatt of klatt2; f1 and f2 are not related."""
    return re.sub(r"(?<=[A-Za-z]{3})\d+$", "", variant)


def _path(recording: Recording) -> str:
    return recording.path


def _render(recording: Recording, sample_rate_hz: int) -> Pcm:
    if isinstance(recording.origin, GeneratedNoise):
        return generated_noise.render(recording.origin, sample_rate_hz)
    return espeak.synthesize(recording.origin, sample_rate_hz)
