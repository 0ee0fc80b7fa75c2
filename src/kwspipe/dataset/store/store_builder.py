"""Decoding, judging and writing the clips and the noise of one store."""

import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.progress import Progress

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.clip_kinds import NOISE, WORD, ZERO, Kind
from kwspipe.dataset.decode import Clip, ReadFiles, check_clip
from kwspipe.dataset.hard_negatives.clip_edits import any_window
from kwspipe.dataset.noise.background import NoisePiece, NoiseRecording, silence_positions, split_noise
from kwspipe.dataset.recordings import SPLITS, Recording, Rejected, Source, Split, normalize_name
from kwspipe.dataset.selection import ClipQuota, num_class_clips
from kwspipe.dataset.store.clip_store import StoreWriter
from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN

ZERO_PATH = "digital zero"


@dataclass
class StoreBuilder:
    """What one run of ``prepare`` reads and writes, and what it counted so far.

    Attributes:
        read_files: how recordings that belong to no source are read.
        counts: clips by label and split.
        words: clips by word; of ``_unknown_`` its words.
        rejected: recordings left out, by reason.
        hard: hard negatives, by kind and split; ``counts`` has them too.
        drawn_unknown: paths of the other words written.
        speakers: whose clips each split has.
        negative: where the speech without keywords lies.
    """

    dataset: DatasetConfig
    frontend: FrontendConfig
    seed: int
    source: Source
    read_files: ReadFiles
    writer: StoreWriter
    progress: Progress
    counts: Counter[tuple[str, Split]] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    hard: Counter[tuple[Kind, Split]] = field(default_factory=Counter)
    drawn_unknown: set[str] = field(default_factory=set)
    speakers: dict[Split, set[str]] = field(default_factory=lambda: {split: set() for split in SPLITS})
    negative: list[NoisePiece] = field(default_factory=list)

    def reject(self, rejected: Rejected) -> None:
        """Lists and counts what is left out."""
        self.rejected[rejected.reason] += 1
        self.writer.add_rejected(rejected)

    def num_keyword_clips(self, split: Split) -> int:
        """Returns how many clips of keywords a split has."""
        return sum(self.counts[normalize_name(word), split] for word in self.dataset.words)

    def write_clips(self, draws: Sequence[ClipQuota], name: str, source: Source | None = None) -> None:
        """Decodes and writes what is drawn; what turns out unusable is replaced as long as there are candidates.

        Args:
            draws: what is wanted of which class.
            name: of the bar of progress.
            source: of the recordings, where it is not that of the data set.
        """
        source = source or self.source
        task = self.progress.add_task(name, total=sum(draw.missing for draw in draws))
        for draw, recording, pcm in self._read(draws, source):
            if self._write_clip(draw, recording, pcm, source):
                draw.missing -= 1
                self.progress.advance(task)
        self.progress.update(task, total=self.progress.tasks[task].completed)

    def write_noise(self, own: Sequence[Recording], extra: Sequence[Recording]) -> list[NoisePiece]:
        """Decodes and writes the noise of the source and of ``dataset.noise_roots``, divided among the splits."""
        rate = self.frontend.sample_rate_hz
        decoded: list[NoiseRecording] = []
        samples = itertools.chain(self.source.read(own, rate), self.read_files(extra, rate))
        for recording, pcm in self._usable("noise", [*own, *extra], samples):
            offset = self.writer.add_noise(pcm)
            decoded.append(
                NoiseRecording(recording.path, recording.speaker, offset, pcm.size, recording.split)
            )
        return self._divide_noise(decoded)

    def write_silence(self, pieces: Sequence[NoisePiece]) -> None:
        """Cuts the clips of ``_silence_`` from the noise of each split; some of them are digital zeros."""
        length = self.frontend.sample_length
        for split in SPLITS:
            num_clips = self._num_silence_clips(split)
            num_zero = round(num_clips * self.dataset.zero_silence_percentage)
            for piece, offset in silence_positions(pieces, split, num_clips - num_zero, length, self.seed):
                samples = self.writer.noise(offset, length)
                self._write_silent(NOISE, split, f"{piece.path}@{offset - piece.offset}", samples)
            for _ in range(num_zero):
                self._write_silent(ZERO, split, ZERO_PATH, np.zeros(length, np.int16))

    def write_negative(self, recordings: Sequence[Recording]) -> None:
        """Decodes and writes speech without keywords; every recording is whole and has its split."""
        if not recordings:
            return
        samples = self.read_files(recordings, self.frontend.sample_rate_hz)
        for recording, pcm in self._usable("negative", recordings, samples):
            assert recording.split is not None
            offset = self.writer.add_negative(pcm, recording.path, recording.split)
            self.negative.append(NoisePiece(recording.path, recording.split, offset, pcm.size))

    def write_mined(self, recordings: Sequence[Recording]) -> None:
        """Decodes and writes false accepts of an earlier model as unknown words, for training only."""
        if not recordings or self.dataset.unknown_class_percentage == 0:
            return
        samples = self.read_files(recordings, self.frontend.sample_rate_hz)
        for recording, pcm in self._usable("mined", recordings, samples, may_be_silent=True):
            clip = any_window(pcm, self.frontend.sample_length)
            self.add_hard("mined", UNKNOWN, "training", clip, "", "", recording.path)

    def _usable(
        self,
        name: str,
        recordings: Sequence[Recording],
        samples: Iterable[Pcm | AudioError],
        may_be_silent: bool = False,
    ) -> Iterator[tuple[Recording, Pcm]]:
        """Yields what can be used of recordings that are no words; lists the rest. ``name`` is the bar's."""
        task = self.progress.add_task(name, total=len(recordings))
        for recording, pcm in zip(recordings, samples, strict=True):
            self.progress.advance(task)
            if isinstance(pcm, AudioError):
                self.reject(Rejected(recording.path, "", pcm.reason, pcm.detail))
            elif may_be_silent or pcm.any():
                yield recording, pcm
            else:
                self.reject(Rejected(recording.path, "", "silent", "nothing but digital zero"))

    def _read(
        self, draws: Sequence[ClipQuota], source: Source
    ) -> Iterator[tuple[ClipQuota, Recording, Pcm | AudioError]]:
        """Reads as many recordings as are missing, a bounded number ahead, and again in place of the unusable."""
        under_way: deque[tuple[ClipQuota, Recording]] = deque()

        def asked(num_missing: Sequence[int]) -> Iterator[Recording]:
            for draw, missing in zip(draws, num_missing, strict=True):
                for recording in itertools.islice(draw.queue, missing):
                    under_way.append((draw, recording))
                    yield recording

        any_read = True
        while any_read:
            any_read = False
            recordings = asked([draw.missing for draw in draws])
            for pcm in source.read(recordings, self.frontend.sample_rate_hz):
                any_read = True
                yield *under_way.popleft(), pcm

    def add_hard(
        self, kind: Kind, label: str, split: Split, clip: Clip, word: str, speaker: str, path: str
    ) -> None:
        """Writes a hard negative."""
        self.counts[label, split] += 1
        self.hard[kind, split] += 1
        self.writer.add_clip(
            clip.pcm,
            (clip.trim_start, clip.trim_end),
            label=label,
            kind=kind,
            word=word,
            speaker=speaker,
            split=split,
            source=self.source.name,
            path=path,
        )

    def _write_clip(
        self, draw: ClipQuota, recording: Recording, pcm: Pcm | AudioError, source: Source
    ) -> bool:
        try:
            if isinstance(pcm, AudioError):
                raise pcm
            clip = check_clip(pcm, recording.path, self.dataset, self.frontend.sample_rate_hz)
        except AudioError as fault:
            self.reject(Rejected(recording.path, recording.word, fault.reason, fault.detail))
            return False
        self.counts[draw.label, draw.split] += 1
        self.words[recording.word] += 1
        if source is self.source:  # synthetic voices beside people are not counted as people
            self.speakers[draw.split].add(recording.speaker)
        if draw.label == UNKNOWN:
            self.drawn_unknown.add(recording.path)
        self.writer.add_clip(
            clip.pcm,
            (clip.trim_start, clip.trim_end),
            label=draw.label,
            kind=WORD,
            word=recording.word,
            speaker=recording.speaker,
            split=draw.split,
            source=source.name,
            path=recording.path,
        )
        return True

    def _write_silent(self, kind: Kind, split: Split, path: str, pcm: Pcm) -> None:
        self.counts[SILENCE, split] += 1
        self.writer.add_clip(
            pcm,
            (0, pcm.size),
            label=SILENCE,
            kind=kind,
            word="",
            speaker="",
            split=split,
            source=self.source.name,
            path=path,
        )

    def _num_silence_clips(self, split: Split) -> int:
        percentage = self.dataset.silence_class_percentage
        return num_class_clips(self.dataset, percentage, split, self.num_keyword_clips(split))

    def _divide_noise(self, decoded: Sequence[NoiseRecording]) -> list[NoisePiece]:
        if not decoded and self.dataset.silence_class_percentage == 0:
            return []
        if not decoded:
            raise KwspipeError(
                "dataset.noise_roots",
                "no usable background noise was found, which _silence_ is cut from",
                "recordings in <root>/_background_noise_ or below a folder in dataset.noise_roots",
                "add some, or set dataset.silence_class_percentage=0",
            )
        percentages: dict[Split, float] = {}
        if self.num_keyword_clips("validation"):
            percentages["validation"] = self.dataset.validation_percentage
        if self.num_keyword_clips("testing"):
            percentages["testing"] = self.dataset.testing_percentage
        need_room = self.dataset.silence_class_percentage > 0
        pieces = split_noise(decoded, percentages, self.frontend.sample_length, need_room)
        for piece in pieces:
            self.writer.add_noise_piece(piece.path, piece.split, piece.offset, piece.length)
        return pieces
