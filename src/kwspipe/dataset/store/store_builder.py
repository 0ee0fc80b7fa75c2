"""Store builder: decodes, checks and writes the clips, the noise and the keyword-free speech of one store."""

import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.progress import Progress

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.clip_kinds import NOISE, WORD, ZERO, Kind
from kwspipe.dataset.decode import Clip, ReadFiles, check_clip
from kwspipe.dataset.hard_negatives.clip_edits import any_window
from kwspipe.dataset.noise.background import NoiseRecording, silence_positions, split_noise
from kwspipe.dataset.recordings import SPLITS, Recording, Rejected, Source, Split, normalize_name
from kwspipe.dataset.selection import ClipQuota, num_class_clips
from kwspipe.dataset.store.clip_store import Segment, StoreWriter
from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN

ZERO_PATH = "digital zero"


@dataclass
class StoreBuilder:
    """Writes one store and counts its content.

    Attributes:
        dataset: settings of the data set.
        frontend: sample rate and length of a clip.
        seed: seed of all random choices.
        source: source of the recordings of words.
        read_files: function that decodes recordings of additional folders.
        writer: writer of the store.
        progress: progress bars.
        counts: number of clips by label and split.
        words: number of clips by word.
        rejected: number of rejected recordings by reason.
        hard: number of hard negatives by kind and split; they are included in ``counts``.
        unknown_paths: paths of the recordings written as ``_unknown_`` words.
        speakers: speakers of the clips of each split.
        negative: segments of keyword-free speech written by ``keyword_free.writer``.
        keyword_ms: durations of the words in the clips of each keyword.
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
    unknown_paths: set[str] = field(default_factory=set)
    speakers: dict[Split, set[str]] = field(default_factory=lambda: {split: set() for split in SPLITS})
    negative: list[Segment] = field(default_factory=list)
    keyword_ms: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    first_rejected: dict[str, Rejected] = field(default_factory=dict)  # by word

    def reject(self, rejected: Rejected) -> None:
        """Lists and counts a rejected recording."""
        self.rejected[rejected.reason] += 1
        self.first_rejected.setdefault(rejected.word, rejected)
        self.writer.add_rejected(rejected)

    def num_keyword_clips(self, split: Split) -> int:
        """Returns the number of clips of all keywords in a split."""
        return sum(self.counts[normalize_name(word), split] for word in self.dataset.words)

    def write_clips(self, quotas: Sequence[ClipQuota], name: str, source: Source | None = None) -> None:
        """Decodes and writes clips until the quotas are filled or have no more candidates.

        Args:
            quotas: number of clips per label and split, and the candidates.
            name: title of the progress bar.
            source: source of the recordings; None for the source of the data set.
        """
        source = source or self.source
        task = self.progress.add_task(name, total=sum(quota.missing for quota in quotas))
        for quota, recording, pcm in self._read(quotas, source):
            if self._write_clip(quota, recording, pcm, source):
                quota.missing -= 1
                self.progress.advance(task)
        self.progress.update(task, total=self.progress.tasks[task].completed)

    def write_noise(self, own: Sequence[Recording], extra: Sequence[Recording]) -> list[Segment]:
        """Decodes, writes and divides noise among the splits.

        Args:
            own: noise of the source.
            extra: noise of ``dataset.noise_roots``.

        Returns:
            The noise segments of all splits.

        Raises:
            KwspipeError: there is too little noise.
        """
        rate = self.frontend.sample_rate_hz
        decoded: list[NoiseRecording] = []
        samples = itertools.chain(self.source.read(own, rate), self.read_files(extra, rate))
        for recording, pcm in self.usable("noise", [*own, *extra], samples):
            offset = self.writer.add_noise(pcm)
            decoded.append(
                NoiseRecording(recording.path, recording.speaker, offset, pcm.size, recording.split)
            )
        return self._divide_noise(decoded)

    def write_silence(self, segments: Sequence[Segment]) -> None:
        """Writes the clips of ``_silence_``: cuts of the noise segments of each split, and digital zeros."""
        length = self.frontend.sample_length
        for split in SPLITS:
            num_clips = self._num_silence_clips(split)
            num_zero = round(num_clips * self.dataset.zero_silence_fraction)
            for segment, offset in silence_positions(
                segments, split, num_clips - num_zero, length, self.seed
            ):
                clip = Clip(self.writer.noise(offset, length), 0, length)
                path = f"{segment.path}@{offset - segment.offset}"
                self._add_clip(clip, SILENCE, NOISE, split, path)
            for _ in range(num_zero):
                self._add_clip(Clip(np.zeros(length, np.int16), 0, length), SILENCE, ZERO, split, ZERO_PATH)

    def write_mined(self, recordings: Sequence[Recording]) -> None:
        """Decodes and writes false accepts of an earlier model as ``_unknown_`` clips of the training split."""
        if not recordings or self.dataset.unknown_class_percentage == 0:
            return
        samples = self.read_files(recordings, self.frontend.sample_rate_hz)
        for recording, pcm in self.usable("mined", recordings, samples, may_be_silent=True):
            clip = any_window(pcm, self.frontend.sample_length)
            self.add_hard("mined", UNKNOWN, "training", clip, "", "", recording.path)

    def usable(
        self,
        name: str,
        recordings: Sequence[Recording],
        samples: Iterable[Pcm | AudioError],
        may_be_silent: bool = False,
    ) -> Iterator[tuple[Recording, Pcm]]:
        """Yields the usable recordings and rejects the others; ``name`` is the title of the progress bar."""
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
        self, quotas: Sequence[ClipQuota], source: Source
    ) -> Iterator[tuple[ClipQuota, Recording, Pcm | AudioError]]:
        """Yields the samples of the missing number of recordings, then of replacements for the unusable ones."""
        pending: deque[tuple[ClipQuota, Recording]] = deque()

        def next_candidates(num_missing: Sequence[int]) -> Iterator[Recording]:
            for quota, missing in zip(quotas, num_missing, strict=True):
                for recording in itertools.islice(quota.queue, missing):
                    pending.append((quota, recording))
                    yield recording

        any_read = True
        while any_read:
            any_read = False
            recordings = next_candidates([quota.missing for quota in quotas])
            for pcm in source.read(recordings, self.frontend.sample_rate_hz):
                any_read = True
                yield *pending.popleft(), pcm

    def add_hard(
        self, kind: Kind, label: str, split: Split, clip: Clip, word: str, speaker: str, path: str
    ) -> None:
        """Writes and counts a hard negative; see ``ClipRow`` for the arguments."""
        self.hard[kind, split] += 1
        self._add_clip(clip, label, kind, split, path, word, speaker)

    def _write_clip(
        self, quota: ClipQuota, recording: Recording, pcm: Pcm | AudioError, source: Source
    ) -> bool:
        """Writes a clip of a word and returns whether the recording is usable."""
        try:
            if isinstance(pcm, AudioError):
                raise pcm
            clip = check_clip(pcm, recording.path, self.dataset, self.frontend.sample_rate_hz)
        except AudioError as fault:
            self.reject(Rejected(recording.path, recording.word, fault.reason, fault.detail))
            return False
        self.words[recording.word] += 1
        if source is self.source:  # additional synthetic voices are not counted as speakers
            self.speakers[quota.split].add(recording.speaker)
        if quota.label == UNKNOWN:
            self.unknown_paths.add(recording.path)
        else:
            duration = clip.trim_end - clip.trim_start
            self.keyword_ms[quota.label].append(duration * 1000 // self.frontend.sample_rate_hz)
        self._add_clip(
            clip, quota.label, WORD, quota.split, recording.path, recording.word, recording.speaker, source
        )
        return True

    def _add_clip(
        self,
        clip: Clip,
        label: str,
        kind: Kind,
        split: Split,
        path: str,
        word: str = "",
        speaker: str = "",
        source: Source | None = None,
    ) -> None:
        """Writes and counts a clip; see ``ClipRow`` for the arguments."""
        self.counts[label, split] += 1
        self.writer.add_clip(
            clip.pcm,
            (clip.trim_start, clip.trim_end),
            label=label,
            kind=kind,
            word=word,
            speaker=speaker,
            split=split,
            source=(source or self.source).name,
            path=path,
        )

    def _num_silence_clips(self, split: Split) -> int:
        ratio = self.dataset.silence_class_ratio
        return num_class_clips(self.dataset, ratio, split, self.num_keyword_clips(split))

    def _divide_noise(self, decoded: Sequence[NoiseRecording]) -> list[Segment]:
        if not decoded and self.dataset.silence_class_ratio == 0:
            return []
        if not decoded:
            raise KwspipeError(
                "dataset.noise_roots",
                "no usable background noise, which is required for _silence_",
                "recordings in <root>/_background_noise_ or below a folder in dataset.noise_roots",
                "add recordings, or set dataset.silence_class_ratio=0",
            )
        fractions: dict[Split, float] = {}
        if self.num_keyword_clips("validation"):
            fractions["validation"] = self.dataset.validation_fraction
        if self.num_keyword_clips("testing"):
            fractions["testing"] = self.dataset.testing_fraction
        every_split = self.dataset.silence_class_ratio > 0
        segments = split_noise(decoded, fractions, self.frontend.sample_length, every_split)
        for segment in segments:
            self.writer.add_noise_segment(segment.path, segment.split, segment.offset, segment.length)
        return segments
