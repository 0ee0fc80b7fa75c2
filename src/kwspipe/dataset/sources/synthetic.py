"""Synthetic speech of one or more engines, as a recording source or in addition to recordings.

Speakers are split by the hash rule of Speech Commands. Related voices and all accents of a voice are a family, and each
family is in one split.
"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property, partial

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import DatasetConfig, EngineName
from kwspipe.dataset.decode import map_in_order, num_workers
from kwspipe.dataset.noise import generated
from kwspipe.dataset.noise.generated import BABBLE, COLOURS, GeneratedNoise
from kwspipe.dataset.recordings import SPLITS, Found, Recording, SourceUnavailable, Split, normalize_name
from kwspipe.dataset.splits import percent, split_speakers
from kwspipe.dataset.tts import espeak
from kwspipe.dataset.tts.espeak_speakers import EspeakSpeakers
from kwspipe.dataset.tts.kokoro_speakers import KokoroSpeakers
from kwspipe.dataset.tts.near_words import near_words
from kwspipe.dataset.tts.synthesizers import (
    Engine,
    Speaker,
    SpeechSynthesizer,
    clips_per_engine,
    generate_takes,
)
from kwspipe.errors import KwspipeError
from kwspipe.files.process import worker_pool
from kwspipe.labels import spoken_text

NUM_BABBLE_VOICES = 6
NUM_BABBLE_WORDS = 8
MAX_NOISE_RECORDING_S = 10.0
QUIETEST_NOISE_DB, LOUDEST_NOISE_DB = -50.0, -20.0


class SyntheticSource:
    """Source of synthetic speech and generated noise.

    Args:
        dataset: words, splits and settings of the synthesis.
        clip_s: length of a clip in seconds, which determines the minimum length of the noise of a split.
        seed: seed of the selection of speakers and of their rate and pitch.
    """

    name = "synthetic"
    synthetic = True

    def __init__(self, dataset: DatasetConfig, clip_s: float, seed: int) -> None:
        self.dataset = dataset
        self.config = dataset.synthetic
        self.clip_s = clip_s
        self.seed = seed
        self.synthesizer = SpeechSynthesizer.of(self.config)
        self.espeak = EspeakSpeakers(self.config, seed)

    def check(self) -> None:
        """Checks that espeak-ng is installed, as ``Source.check``."""
        if not espeak.is_installed():
            raise SourceUnavailable("espeak-ng is not installed", "pip install 'kwspipe[synthetic]'")

    def find(self) -> Found:
        """Lists the clips to synthesize, as ``Source.find``."""
        self.check()
        keywords, others = self.words()
        words: list[Recording] = []
        for name, num_clips in self._clips_per_engine(self.config.clips_per_word).items():
            engine = self._engine(name)
            voices = self._split(name, engine.speakers())
            counts = self._clips_per_split(voices, num_clips)
            for word, split in itertools.product((*keywords, *others), SPLITS):
                words += _recordings(engine, word, split, voices[split], counts[split])
        babble_voices = self._split("espeak", self.espeak.speakers())
        noise = self._noise(others, babble_voices)
        return Found(
            tuple(sorted(words, key=_path)), tuple(sorted(noise, key=_path)), listed=frozenset(SPLITS)
        )

    def fingerprint(self) -> None:
        """Returns None, because the configuration determines the clips."""

    def training_clips(self, words: Sequence[str], clips_per_word: int) -> dict[str, list[Recording]]:
        """Lists clips for the training split in addition to recordings. All speakers are in the training split.

        Args:
            words: the words.
            clips_per_word: number of clips of each word, divided among the engines.

        Returns:
            The clips by word.

        Raises:
            KwspipeError: an engine is not installed.
        """
        if not espeak.is_installed():
            raise KwspipeError(
                "dataset.synthetic_training_clips_per_word",
                f"{self.dataset.synthetic_training_clips_per_word}, but espeak-ng is not installed",
                "0, or an engine that is installed",
                "pip install kwspipe[synthetic]",
            )
        clips: dict[str, list[Recording]] = {word: [] for word in words}
        for name, num_clips in self._clips_per_engine(clips_per_word).items():
            engine = self._engine(name)
            speakers = engine.speakers()
            for word in words:
                clips[word] += _recordings(engine, word, "training", speakers, num_clips)
        return clips

    def words(self) -> tuple[list[str], list[str]]:
        """Returns the keywords, and the other words without homophones of keywords ("to" and "two").

        If the configuration does not list the other words, the parts of phrases and words that sound similar to
        keywords are added.
        """
        accent = self.espeak.accents()[0]
        keywords = [normalize_name(word) for word in self.dataset.words]
        near: list[str] = []
        if not self.dataset.unknown_words:
            parts = [part for word in keywords if "_" in word for part in word.split("_") if part]
            near = [*parts, *near_words(keywords, self.config.near_words_per_keyword, accent)]
        configured = self.dataset.unknown_words or self.config.unknown_words
        others = [*(normalize_name(word) for word in configured), *near]
        pronunciations = espeak.phonemes([*keywords, *others], accent)
        excluded = {pronunciations[word] for word in keywords}
        return keywords, [word for word in dict.fromkeys(others) if pronunciations[word] not in excluded]

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Synthesizes the clips, as ``Source.read``. It uses several processes, because espeak-ng is not reentrant."""
        render = partial(_render, synthesizer=self.synthesizer, sample_rate_hz=sample_rate_hz)
        try:
            yield from map_in_order(self._pool, render, recordings)
        except BrokenProcessPool:
            raise KwspipeError(
                "espeak-ng" if self.config.engines == ("espeak",) else " or ".join(self.config.engines),
                "a process of the speech synthesis was killed or crashed",
                "processes that run to their end",
                "check whether the machine ran out of memory (dmesg), then run the same command again",
            ) from None

    def close(self) -> None:
        """Ends the processes."""
        if "_pool" in vars(self):
            self._pool.shutdown(cancel_futures=True)

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        return worker_pool(num_workers())

    def _engine(self, name: EngineName) -> Engine:
        return self.espeak if name == "espeak" else KokoroSpeakers(self.config.kokoro)

    def _clips_per_engine(self, total: int) -> dict[EngineName, int]:
        return clips_per_engine(self.config.engines, self.config.shares, total)

    def _split(self, name: EngineName, speakers: Sequence[Speaker]) -> dict[Split, list[Speaker]]:
        """Splits speakers by family. For example, klatt and klatt2 are one family."""
        fractions = self.dataset.validation_fraction, self.dataset.testing_fraction
        splits = split_speakers((speaker.family for speaker in speakers), *fractions)
        voices = {split: [s for s in speakers if splits[s.family] == split] for split in SPLITS}
        key = "max_voices" if name == "espeak" else "kokoro.max_speakers"
        for split, fraction in zip(SPLITS, (1.0, *fractions), strict=True):
            if fraction > 0 and not voices[split]:
                raise KwspipeError(
                    f"dataset.synthetic.{key}",
                    f"{len({speaker.family for speaker in speakers})} voices, with no voice for {split}",
                    "at least one voice for each split",
                    f"set dataset.synthetic.{key} to 4 or more"
                    + ("" if name == "espeak" else ", or allow more of dataset.synthetic.kokoro.voices"),
                )
        return voices

    def _clips_per_split(self, voices: Mapping[Split, Sequence[Speaker]], total: int) -> dict[Split, int]:
        """Divides the clips of a word by the split fractions, with at least one clip for a split with voices."""
        fractions = {
            "validation": self.dataset.validation_fraction,
            "testing": self.dataset.testing_fraction,
        }
        counts: dict[Split, int] = {
            split: max(1, round(total * percent(fractions[split]) / 100)) if voices[split] else 0
            for split in SPLITS
            if split != "training"
        }
        return {"training": max(1, total - sum(counts.values())), **counts}

    def _noise(self, words: Sequence[str], voices: Mapping[Split, Sequence[Speaker]]) -> Iterator[Recording]:
        """Yields noise of each kind for each split, with random levels. Babble uses the voices of the split."""
        total = self.config.clips_per_word
        shares = {s: num_clips / total for s, num_clips in self._clips_per_split(voices, total).items()}
        for split in (split for split in SPLITS if voices[split]):
            duration_s = max(2 * self.clip_s, self.config.noise_s * shares[split])
            num_recordings = math.ceil(duration_s / MAX_NOISE_RECORDING_S)
            for kind in (*COLOURS, *([BABBLE] if words else [])):
                for number in range(num_recordings):
                    rng = random.Random(f"{self.seed}/{kind}/{split}/{number}")
                    babble = [
                        self.espeak.utterance(
                            ", ".join(map(spoken_text, rng.choices(words, k=NUM_BABBLE_WORDS))),
                            rng.choice(voices[split]),
                            rng,
                        )
                        for _ in range(NUM_BABBLE_VOICES if kind == BABBLE else 0)
                    ]
                    level_db = rng.uniform(QUIETEST_NOISE_DB, LOUDEST_NOISE_DB)
                    seed = rng.randrange(2**32)
                    noise = GeneratedNoise(kind, duration_s / num_recordings, level_db, seed, tuple(babble))
                    path = f"_background_noise_/{kind}_{split}_{number}"
                    yield Recording(path, "", path, split, noise, repr(noise))


def _recordings(
    engine: Engine, word: str, split: Split, speakers: Sequence[Speaker], num_clips: int
) -> Iterator[Recording]:
    for speaker, take, utterance in itertools.islice(generate_takes(engine, word, speakers), num_clips):
        path = f"{word}/{speaker.name}_nohash_{take}"
        yield Recording(path, word, speaker.name, split, utterance, repr(utterance))


def _path(recording: Recording) -> str:
    return recording.path


def _render(recording: Recording, synthesizer: SpeechSynthesizer, sample_rate_hz: int) -> Pcm:
    if isinstance(recording.origin, GeneratedNoise):
        return generated.render(recording.origin, sample_rate_hz)
    return synthesizer.synthesize(recording.origin, sample_rate_hz)
