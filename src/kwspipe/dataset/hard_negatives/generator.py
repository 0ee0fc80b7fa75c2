"""Generator of hard negatives: clips of sounds that occur in streams, but not in folders of words.

Hard negatives have the label ``_unknown_`` or ``_silence_``. Each clip consists of recordings of one split, so that no
speaker and no noise is in two splits. The same recordings, configuration and seed give the same clips.
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
from kwspipe.dataset.noise.silence import SegmentSampler, make_silence
from kwspipe.dataset.recordings import SPLITS, Recording, Split, normalize_name
from kwspipe.dataset.sampling import sample_speakers
from kwspipe.dataset.selection import other_word_predicate, round_robin
from kwspipe.dataset.store.clip_store import Segment
from kwspipe.dataset.store.store_builder import StoreBuilder
from kwspipe.labels import SILENCE, UNKNOWN

log = logging.getLogger(__name__)

# Number of decoded words kept in memory for concatenated words and babble, about 16 MB.
MAX_POOL_CLIPS = 512
MAX_POOL_CLIPS_PER_SPEAKER = 8
# Maximum number of paths in the column path of clips.csv.
MAX_PATHS = 3


def write_hard_negatives(
    builder: StoreBuilder, recordings: Sequence[Recording], segments: Sequence[Segment]
) -> None:
    """Writes the hard negatives of every split that has keywords.

    Args:
        builder: store builder that has written the regular clips. Their number determines that of the hard negatives.
        recordings: all recordings of the source, with splits.
        segments: noise segments of all splits.
    """
    by_word = Listing.of(recordings).by_word()
    generators = [
        HardNegativeGenerator(builder, by_word, segments, split)
        for split in SPLITS
        if builder.num_keyword_clips(split)
    ]
    num_clips = sum(generator.num_clips for generator in generators)
    if num_clips == 0:
        return
    task = builder.progress.add_task("hard negatives", total=num_clips)
    for generator in generators:
        for _ in generator.write():
            builder.progress.advance(task)
    builder.progress.update(task, total=builder.progress.tasks[task].completed)


class HardNegativeGenerator:
    """Generates and writes the hard negatives of one split.

    Args:
        builder: see ``write_hard_negatives``.
        by_word: the recordings of each word, with splits.
        segments: see ``write_hard_negatives``.
        split: the split.

    Attributes:
        counts: number of clips to generate of each kind; kinds without clips are not included.
    """

    def __init__(
        self, builder: StoreBuilder, by_word: Mapping[str, Listing], segments: Sequence[Segment], split: Split
    ) -> None:
        self.builder, self.by_word, self.split = builder, by_word, split
        self.config = builder.dataset.negatives
        self.length, self.rate_hz = builder.frontend.sample_length, builder.frontend.sample_rate_hz
        self.noise = SegmentSampler(builder.writer.noise, [s for s in segments if s.split == split])
        self.speech = SegmentSampler(
            builder.writer.negative, [s for s in builder.negative if s.split == split]
        )
        self.counts = {
            kind: count for kind in (*HARD_UNKNOWN, *HARD_SILENCE) if (count := self._num_clips(kind))
        }
        self.is_other = other_word_predicate(builder.dataset)
        self.keywords = [normalize_name(word) for word in builder.dataset.words]

    @property
    def num_clips(self) -> int:
        """Number of clips to generate."""
        return sum(self.counts.values())

    def write(self) -> Iterator[None]:
        """Writes the clips and yields after each of them."""
        for kind, count in self.counts.items():
            num_written = 0
            for _ in self._write_kind(kind, count):
                num_written += 1
                yield
            if num_written == 0 and self.split == "training":
                log.warning("No clips of kind %s in training: there are no recordings for this kind", kind)

    def _write_kind(self, kind: Kind, count: int) -> Iterator[None]:
        """Writes up to ``count`` clips of a kind and yields after each of them."""
        if kind in HARD_SILENCE:
            for number in range(count):
                rng = self._rng(kind, number)
                clip, path = make_silence(kind, self.length, self.rate_hz, self.noise, rng)
                self.builder.add_hard(kind, SILENCE, self.split, clip, "", "", path)
                yield
            return
        generate: dict[Kind, Callable[[Kind], Iterator[ComposedClip]]] = {
            "partial": lambda kind: self._word_parts(kind, clip_edits.cut_beginning),
            "ending": lambda kind: self._word_parts(kind, clip_edits.cut_ending),
            "several": self._concatenated_words,
            "babble": self._babble,
            "near_miss": self._near_misses,
            "speech": self._speech,
        }
        for number, (clip, recordings) in enumerate(itertools.islice(generate[kind](kind), count)):
            self._add_unknown(kind, number, clip, recordings)
            yield

    def _num_clips(self, kind: Kind) -> int:
        num_regular = self.builder.counts[SILENCE if kind in HARD_SILENCE else UNKNOWN, self.split]
        ratio = self.config.ratio(kind)
        has_input = {"level": bool(self.noise), "speech": bool(self.speech)}.get(kind, True)
        if not ratio or not num_regular or not has_input:
            return 0
        if self.split != "training":
            return self.config.evaluation_clips
        return round(ratio * num_regular) if self.config.in_training else 0

    def _add_unknown(self, kind: Kind, number: int, clip: Clip, recordings: Sequence[Recording]) -> None:
        rng = self._rng(f"{kind}/noise", number)
        # A near miss is a complete word. Like other complete words, it gets noise by augmentation during training.
        if kind != "near_miss" and self.noise and rng.random() < self.config.noise_probability:
            snr_db = rng.uniform(self.config.min_snr_db, self.config.max_snr_db)
            clip = clip_edits.mix_noise(clip, self.noise.cut(clip.pcm.size, rng)[0], snr_db)
        words = " ".join(dict.fromkeys(recording.word for recording in recordings))
        speakers = SEPARATOR.join(dict.fromkeys(recording.speaker for recording in recordings))
        paths = [recording.path for recording in recordings]
        path = SEPARATOR.join(paths[:MAX_PATHS] + (["..."] if len(paths) > MAX_PATHS else []))
        self.builder.add_hard(kind, UNKNOWN, self.split, clip, words, speakers, path)

    def _word_parts(self, kind: Kind, cut: Callable[..., Clip]) -> Iterator[ComposedClip]:
        """Yields parts of keywords, alternating between the keywords."""
        queues = [self._shuffled(word, kind) for word in self.keywords if word in self.by_word]
        parts = self.config.min_part, self.config.max_part
        for word in self._decode(round_robin(queues), kind):
            yield cut(word.clip, self.length, parts, self.rate_hz), [word.recording]

    def _concatenated_words(self, kind: Kind) -> Iterator[ComposedClip]:
        for number in itertools.count() if self._mixer.can_concatenate else ():
            yield self._mixer.concatenate_words(self._rng(kind, number))

    def _babble(self, kind: Kind) -> Iterator[ComposedClip]:
        num_speakers = self.config.min_talkers, self.config.max_talkers
        for number in itertools.count() if self._mixer.can_mix_babble else ():
            yield self._mixer.mix_babble(num_speakers, self._rng(kind, number))

    def _near_misses(self, kind: Kind) -> Iterator[ComposedClip]:
        """Yields other words similar to a keyword, alternating between them, without those used as regular clips."""
        near = near_misses(filter(self.is_other, self.by_word), self.keywords, self.config)
        candidates = round_robin([self._shuffled(word, kind) for word in near])
        unused = (recording for recording in candidates if recording.path not in self.builder.unknown_paths)
        for word in self._decode(unused, kind):
            yield word.clip, [word.recording]

    def _speech(self, kind: Kind) -> Iterator[ComposedClip]:
        """Yields random cuts of keyword-free speech."""
        for number in itertools.count() if self.speech else ():
            pcm, path = self.speech.cut(2 * self.length, self._rng(kind, number))
            yield clip_edits.any_window(pcm, self.length), [Recording(path, "", "", self.split, None, "")]

    @cached_property
    def _mixer(self) -> SpeechMixer:
        """Mixer of decoded other words by a sample of speakers."""
        others = (
            r for word in self.by_word if self.is_other(word) for r in self.by_word[word].in_split(self.split)
        )
        seed = f"{self.builder.seed}/pool"
        drawn = sample_speakers(others, MAX_POOL_CLIPS, MAX_POOL_CLIPS_PER_SPEAKER, seed)
        return SpeechMixer(self._read(drawn), self.length, self.rate_hz)

    def _shuffled(self, word: str, kind: Kind) -> Listing:
        """Returns the recordings of a word in the split, in a random order that depends on the kind."""
        return self.by_word[word].in_split(self.split).seeded_order(f"{self.builder.seed}/{kind}")

    def _decode(self, recordings: Iterator[Recording], kind: Kind) -> Iterator[DecodedWord]:
        """Yields usable recordings, read in batches of the number of clips of the kind."""
        while batch := list(itertools.islice(recordings, self.counts[kind])):
            yield from self._read(batch)

    def _read(self, recordings: Sequence[Recording]) -> Iterator[DecodedWord]:
        """Yields the usable recordings. The others are not listed as rejected, since they are no regular clips."""
        for recording, pcm in zip(
            recordings, self.builder.source.read(recordings, self.rate_hz), strict=True
        ):
            if isinstance(pcm, AudioError):
                continue
            try:
                clip = check_clip(pcm, recording.path, self.builder.dataset, self.rate_hz)
            except AudioError:
                continue
            yield DecodedWord(recording, clip)

    def _rng(self, name: str, number: int) -> np.random.Generator:
        """Returns the random generator of one clip."""
        text = f"{self.builder.seed}/{name}/{self.split}/{number}"
        return np.random.default_rng(random.Random(text).getrandbits(64))
