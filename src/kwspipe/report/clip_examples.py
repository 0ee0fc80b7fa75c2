"""Examples for the inspect page: clips before and after augmentation, noise, and speech without keywords."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kwspipe.augment import Augmenter, clip_keys, crop_or_pad_around_word
from kwspipe.config import PipelineConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.clip_kinds import KINDS, NOISE, WORD
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.report import store_statistics
from kwspipe.report.formatting import decibels, duration
from kwspipe.report.media import ClipView, clip_view

REGULAR_KINDS = (WORD, NOISE)  # the titles of clips of other kinds name the kind


@dataclass(frozen=True)
class Example:
    """A clip as recorded and its augmented versions."""

    title: str
    views: list[ClipView]


def examples(
    config: PipelineConfig, store: ClipStore, kinds: Mapping[tuple[str, str], Mapping[str, int]]
) -> list[tuple[str, list[Example]]]:
    """Returns examples of training clips by label.

    Args:
        config: the configuration; ``inspect``, ``augment``, ``frontend`` and ``seed`` are used.
        store: the prepared clips.
        kinds: number of clips by (label, kind) and split.

    Returns:
        Label and examples: ``inspect.clips_per_class`` of the most frequent kind, and one of each other kind.
    """
    maker = _ExampleMaker(config, store)
    training = store.select("training")
    count = config.inspect.clips_per_class
    found = []
    for target, label in enumerate(store.labels):
        own = training[store.targets[training] == target]
        codes = store.rows.records["kind"][own]
        present = sorted(
            (kind for of, kind in kinds if of == label), key=lambda kind: -kinds[label, kind]["training"]
        )
        found.append(
            (
                label,
                [
                    maker.example(int(number), kind)
                    for rank, kind in enumerate(present)
                    for number in _spaced(
                        own[codes == KINDS.index(kind)],
                        count if rank == 0 else min(1, count),
                    )
                ],
            )
        )
    return found


def _spaced(numbers: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Returns ``count`` evenly spaced numbers. Neighbouring clips are often of the same speaker."""
    count = min(count, len(numbers))
    return numbers[((np.arange(count) + 0.5) * len(numbers) / max(count, 1)).astype(int)]


class _ExampleMaker:
    """Creates clips with the same functions and random numbers as training."""

    def __init__(self, config: PipelineConfig, store: ClipStore) -> None:
        self.config, self.store = config, store
        self.front_end = FrontEnd(config.frontend)
        frontend = config.frontend
        self.augmenter = Augmenter(
            config.augment,
            store.noise("training"),
            frontend.sample_length,
            frontend.sample_rate_hz,
            store.labels,
            config.seed,
        )

    def example(self, number: int, kind: str) -> Example:
        row, bounds = self.store.rows[number], self.store.word_bounds(number)
        recording = self.store.clip(number)
        unused = np.random.default_rng(0)  # a centred word needs no random numbers
        length = self.config.frontend.sample_length
        centred = crop_or_pad_around_word(recording, bounds, length, "center", unused)
        num_samples = bounds[1] - bounds[0]
        start = max((length - num_samples) // 2, 0)
        rate_hz = self.config.frontend.sample_rate_hz
        level = decibels(store_statistics.level_db(centred))
        word = (start, min(start + num_samples, length)) if kind == WORD else None
        features = self.front_end.features(centred[None])[0]
        views = [
            clip_view("as recorded", level, centred, features, rate_hz, word),
            *(self._augmented(number, epoch) for epoch in range(self.config.inspect.takes)),
        ]
        suffix = "" if kind in REGULAR_KINDS else f" ({kind})"
        return Example(f"{row.word or row.label}{suffix} · {row.path}", views)

    def _augmented(self, number: int, epoch: int) -> ClipView:
        """Returns the clip as training uses it in an epoch, with the keys of ``training.batches``."""
        keys = clip_keys(self.config.seed, epoch, np.array([number]))
        labels = [self.store.labels[self.store.targets[number]]]
        clips = self.augmenter.clips(
            [self.store.clip(number)], [self.store.word_bounds(number)], keys, labels
        )
        features = self.front_end.features(clips)
        self.augmenter.mask(features, keys, labels)
        level = decibels(store_statistics.level_db(clips[0]))
        return clip_view(
            f"epoch {epoch + 1}", level, clips[0], features[0], self.config.frontend.sample_rate_hz
        )


def background(
    store: ClipStore, config: PipelineConfig, kind: Literal["noise", "negative"]
) -> dict[str, Any]:
    """Returns recordings and seconds by split of noise or of speech without keywords, and views of training pieces."""
    pieces = {}
    for split in SPLITS:
        paths = store.noise_paths(split) if kind == "noise" else store.negative_paths(split)
        samples = store.noise(split) if kind == "noise" else store.negative(split)
        pieces[split] = [(path, pcm) for path, pcm in zip(paths, samples, strict=True) if len(pcm)]
    rate_hz, front_end = config.frontend.sample_rate_hz, FrontEnd(config.frontend)
    training = pieces["training"]
    views = []
    for index in _spaced(np.arange(len(training)), config.inspect.noise_clips):
        path, pcm = training[index]
        start = max((len(pcm) - front_end.clip_samples) // 2, 0)
        clip = np.resize(pcm[start : start + front_end.clip_samples], front_end.clip_samples)
        note = f"{decibels(store_statistics.level_db(pcm))}, {duration(len(pcm) / rate_hz)}"
        views.append(clip_view(path, note, clip, front_end.features(clip[None])[0], rate_hz))
    return {
        "recordings": {split: len({path for path, _ in found}) for split, found in pieces.items()},
        "seconds": {split: sum(len(pcm) for _, pcm in found) / rate_hz for split, found in pieces.items()},
        "views": views,
    }
