"""Hard negatives: clips of ``_unknown_`` and ``_silence_`` that a stream brings and a folder of words does not.

Each is made of recordings of one split only, so that no voice and no noise crosses splits. The same recordings,
configuration and seed give the same clips.
"""

import itertools
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from kwspipe.audio.pcm import AudioError
from kwspipe.dataset.clip_kinds import HARD_SILENCE, HARD_UNKNOWN, SEPARATOR, Kind
from kwspipe.dataset.decode import Clip, check_clip
from kwspipe.dataset.hard_negatives import clip_edits
from kwspipe.dataset.hard_negatives.near_misses import near_misses
from kwspipe.dataset.hard_negatives.speech_mixer import ComposedClip, DecodedWord, SpeechMixer
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.noise import silence
from kwspipe.dataset.noise.background import NoisePiece
from kwspipe.dataset.recordings import SPLITS, Recording, Split, normalize_name
from kwspipe.dataset.sampling import sample_speakers
from kwspipe.dataset.selection import other_word_predicate, round_robin
from kwspipe.dataset.store.store_builder import StoreBuilder
from kwspipe.labels import SILENCE, UNKNOWN

log = logging.getLogger(__name__)

# Words kept in memory that are said in a row or at once: about 16 MB.
POOL_CLIPS = 512
CLIPS_A_POOLED_SPEAKER = 8
MAX_PATHS_TOLD = 3


def write_hard_negatives(
    run: StoreBuilder, recordings: Sequence[Recording], pieces: Sequence[NoisePiece]
) -> None:
    """Writes the hard negatives of every split that has keywords.

    Args:
        run: with the plain clips written, whose number decides how many hard ones there are.
        recordings: everything found, with splits.
        pieces: background noise, and the splits that hear it.
    """
    by_word = Listing.of(recordings).by_word()
    splits = [
        HardNegativeGenerator(run, by_word, pieces, split) for split in SPLITS if run.num_keyword_clips(split)
    ]
    if not any(split.num_wanted for split in splits):
        return
    task = run.progress.add_task("hard negatives", total=sum(split.num_wanted for split in splits))
    for split in splits:
        for _ in split.write():
            run.progress.advance(task)
    run.progress.update(task, total=run.progress.tasks[task].completed)


class HardNegativeGenerator:
    """The hard negatives of one split.

    Args:
        run: see ``write_hard_negatives``.
        by_word: the recordings of each word, with splits.
        pieces: see ``write_hard_negatives``.
        split: the split.
    """

    def __init__(
        self, run: StoreBuilder, by_word: Mapping[str, Listing], pieces: Sequence[NoisePiece], split: Split
    ) -> None:
        self.run, self.by_word, self.split = run, by_word, split
        self.config = run.dataset.negatives
        self.length, self.rate_hz = run.frontend.sample_length, run.frontend.sample_rate_hz
        self.noise = silence.NoiseSampler(run.writer.noise, [p for p in pieces if p.split == split])
        self.speech = silence.NoiseSampler(run.writer.negative, [p for p in run.negative if p.split == split])
        self.wanted = {
            kind: self._wanted(kind) for kind in (*HARD_UNKNOWN, *HARD_SILENCE) if self._wanted(kind)
        }
        self.is_other = other_word_predicate(run.dataset)
        self.words = [normalize_name(word) for word in run.dataset.words]

    @property
    def num_wanted(self) -> int:
        """How many clips there shall be."""
        return sum(self.wanted.values())

    def write(self) -> Iterator[None]:
        """Writes the clips, and yields after each."""
        makers: dict[Kind, Callable[[Kind], Iterator[ComposedClip]]] = {
            "partial": lambda kind: self._parts(kind, clip_edits.cut_beginning),
            "ending": lambda kind: self._parts(kind, clip_edits.cut_ending),
            "several": self._several,
            "babble": self._babble,
            "near_miss": self._near_misses,
            "speech": self._speech,
        }
        for kind, wanted in self.wanted.items():
            number = -1
            if kind in HARD_SILENCE:
                for number in range(wanted):
                    clip, path = silence.make_silence(
                        kind, self.length, self.rate_hz, self.noise, self._rng(kind, number)
                    )
                    self.run.add_hard(kind, SILENCE, self.split, clip, "", "", path)
                    yield
                continue
            for number, (clip, made_of) in enumerate(itertools.islice(makers[kind](kind), wanted)):
                self._add_unknown(kind, number, clip, made_of)
                yield
            if number < 0 and self.split == "training":
                log.warning("No clips of kind %s in training: there are no recordings to make them of", kind)

    def _wanted(self, kind: Kind) -> int:
        plain = self.run.counts[SILENCE if kind in HARD_SILENCE else UNKNOWN, self.split]
        percentage = self.config.percentage(kind)
        if not percentage or not plain or not {"level": self.noise, "speech": self.speech}.get(kind, True):
            return 0
        if self.split != "training":
            return self.config.evaluation_clips
        return round(percentage * plain) if self.config.in_training else 0

    def _add_unknown(self, kind: Kind, number: int, clip: Clip, made_of: Sequence[Recording]) -> None:
        rng = self._rng(f"{kind}/noise", number)
        # A near miss is a whole word like any other: it gets noise where those do, in training.
        if kind != "near_miss" and self.noise and rng.random() < self.config.noise_probability:
            snr_db = rng.uniform(self.config.min_snr_db, self.config.max_snr_db)
            clip = clip_edits.mix_noise(clip, self.noise.cut(clip.pcm.size, rng)[0], snr_db)
        words = " ".join(dict.fromkeys(recording.word for recording in made_of))
        speakers = SEPARATOR.join(dict.fromkeys(recording.speaker for recording in made_of))
        paths = [recording.path for recording in made_of]
        path = SEPARATOR.join(paths[:MAX_PATHS_TOLD]) + (
            f"{SEPARATOR}..." if len(paths) > MAX_PATHS_TOLD else ""
        )
        self.run.add_hard(kind, UNKNOWN, self.split, clip, words, speakers, path)

    def _parts(self, kind: Kind, cut: Callable[..., Clip]) -> Iterator[ComposedClip]:
        """Parts of keywords, each keyword in turn."""
        queues = [self._drawn(word, kind) for word in self.words if word in self.by_word]
        parts = self.config.min_part, self.config.max_part
        for spoken in self._decoded(round_robin(queues), kind):
            yield cut(spoken.clip, self.length, parts, self.rate_hz), [spoken.recording]

    def _several(self, kind: Kind) -> Iterator[ComposedClip]:
        for number in itertools.count() if self._talkers.fluent else ():
            yield self._talkers.concatenate_words(self._rng(kind, number))

    def _babble(self, kind: Kind) -> Iterator[ComposedClip]:
        num_talkers = self.config.min_talkers, self.config.max_talkers
        for number in itertools.count() if self._talkers.several else ():
            yield self._talkers.mix_babble(num_talkers, self._rng(kind, number))

    def _near_misses(self, kind: Kind) -> Iterator[ComposedClip]:
        """Whole other words that are like a keyword, the words in turn; those drawn as plain clips are left out."""
        close = near_misses(filter(self.is_other, self.by_word), self.words, self.config)
        candidates = round_robin([self._drawn(word, kind) for word in close])
        unused = (recording for recording in candidates if recording.path not in self.run.drawn_unknown)
        for spoken in self._decoded(unused, kind):
            yield spoken.clip, [spoken.recording]

    def _speech(self, kind: Kind) -> Iterator[ComposedClip]:
        """Cuts of speech without keywords, wherever they fall."""
        for number in itertools.count() if self.speech else ():
            pcm, path = self.speech.cut(2 * self.length, self._rng(kind, number))
            yield clip_edits.any_window(pcm, self.length), [Recording(path, "", "", self.split, None, "")]

    @cached_property
    def _talkers(self) -> SpeechMixer:
        """Other words by a choice of speakers, decoded once."""
        ours = (
            r for word in self.by_word if self.is_other(word) for r in self.by_word[word].in_split(self.split)
        )
        drawn = sample_speakers(ours, POOL_CLIPS, CLIPS_A_POOLED_SPEAKER, f"{self.run.seed}/pool")
        return SpeechMixer(self._read(drawn), self.length, self.rate_hz)

    def _drawn(self, word: str, kind: Kind) -> Listing:
        """Returns the split's recordings of a word, in an order of this kind's own."""
        return self.by_word[word].in_split(self.split).seeded_order(f"{self.run.seed}/{kind}")

    def _decoded(self, recordings: Iterator[Recording], kind: Kind) -> Iterator[DecodedWord]:
        """Reads as many as are wanted, and more where some are unusable."""
        while batch := list(itertools.islice(recordings, self.wanted[kind])):
            yield from self._read(batch)

    def _read(self, recordings: Sequence[Recording]) -> Iterator[DecodedWord]:
        """Yields the usable ones; the others are listed as left out where they were drawn as clips."""
        for recording, pcm in zip(recordings, self.run.source.read(recordings, self.rate_hz), strict=True):
            if isinstance(pcm, AudioError):
                continue
            try:
                clip = check_clip(pcm, recording.path, self.run.dataset, self.rate_hz)
            except AudioError:
                continue
            yield DecodedWord(recording, clip)

    def _rng(self, what: str, number: int) -> np.random.Generator:
        text = f"{self.run.seed}/{what}/{self.split}/{number}"
        return np.random.default_rng(random.Random(text).getrandbits(64))
