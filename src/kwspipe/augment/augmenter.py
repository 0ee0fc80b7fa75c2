"""From recordings to training clips and features, batch by batch."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm, pcm_from_float
from kwspipe.augment.batch import Bounds, ClipBatch, cut
from kwspipe.augment.filters import LowerSampleRate, MicrophoneColour, filter_clips
from kwspipe.augment.masks import SpecMask
from kwspipe.augment.random import CounterRng, Floats, Keys, clip_keys
from kwspipe.augment.registry import build
from kwspipe.augment.room_simulator import RoomSimulator, recorded_responses
from kwspipe.augment.speed import Speed
from kwspipe.config import AugmentConfig
from kwspipe.dataset.recordings import listing_hash

PLACEMENT_STREAM = -1  # of the draws; transforms have theirs from 0 on
# Clips worked on at a time: their samples stay in a core's cache.
BLOCK_CLIPS = 16
FILTERS = (LowerSampleRate, MicrophoneColour, RoomSimulator)


def check(transforms: Sequence[Mapping[str, Any]], labels: Collection[str]) -> None:
    """Raises ConfigError with every fault of the configured transforms.

    Args:
        transforms: ``name``, and parameters.
        labels: those that clips can have.
    """
    build(transforms, (), labels)


def sources(transforms: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Returns a hash of the recordings that transforms read, for the manifest."""
    roots = [root for transform in transforms for root in transform.get("rir_roots") or ()]
    return {"rir_roots": listing_hash(recorded_responses(roots))} if roots else {}


class Augmenter:
    """Turns recordings into training clips, each the same for the same seed.

    Args:
        config: placement and transforms.
        noise: background recordings to mix in, (samples,) int16 each.
        length: samples of a clip.
        sample_rate_hz: of clips and noise.
        labels: those that clips can have.
        seed: of the simulated rooms.

    Not for threads where a transform of audiomentations is among them (``borrowed.py``).
    """

    def __init__(
        self,
        config: AugmentConfig,
        noise: Sequence[Pcm],
        length: int,
        sample_rate_hz: int,
        labels: Collection[str],
        seed: int,
    ) -> None:
        self.placement = config.placement
        self.length = length
        self.sample_rate_hz = sample_rate_hz
        steps = build(config.transforms, noise, labels)
        for step in steps:
            if isinstance(step.transform, RoomSimulator):
                step.transform.prepare(sample_rate_hz, seed)
        self.speed = next((step for step in steps if isinstance(step.transform, Speed)), None)
        self.masks = [step for step in steps if isinstance(step.transform, SpecMask)]
        rest = [step for step in steps if not isinstance(step.transform, Speed | SpecMask)]
        # Filters that follow one another become one group, which costs one Fourier transform.
        self.groups = [
            list(group)
            for _, group in groupby(rest, lambda s: -1 if isinstance(s.transform, FILTERS) else s.index)
        ]

    def clips(
        self, recordings: Sequence[Pcm], words: Sequence[Bounds], keys: Keys, labels: Sequence[str]
    ) -> npt.NDArray[np.int16]:
        """Returns augmented clips, (clips, length) int16; what is beyond full scale is cut off.

        Args:
            recordings: (samples,) int16 each.
            words: first sample of the word in each, and the one after its last.
            keys: (clips,) of ``clip_keys``; they decide every draw.
            labels: of the clips.
        """
        done = np.empty((len(recordings), self.length), np.int16)
        for start in range(0, len(recordings), BLOCK_CLIPS):
            block = slice(start, start + BLOCK_CLIPS)
            done[block] = pcm_from_float(
                self._block(recordings[block], words[block], keys[block], labels[block]).samples
            )
        return done

    def clip(self, recording: Pcm, word: Bounds, seed: Sequence[int], label: str) -> Pcm:
        """Returns one augmented clip, (length,) int16: ``clips`` for a single one, ``seed`` deciding every draw."""
        return self.clips([recording], [word], clip_keys(*seed), [label])[0]

    def mask(self, features: npt.NDArray[np.int8], keys: Keys, labels: Sequence[str]) -> None:
        """Masks the features of the clips, (clips, frames, channels), in place."""
        for step in self.masks:
            rows, draws = step.chosen(keys, labels)
            step.transform.mask(features, rows, draws)

    def _block(
        self, recordings: Sequence[Pcm], words: Sequence[Bounds], keys: Keys, labels: Sequence[str]
    ) -> ClipBatch:
        placing = CounterRng(keys, PLACEMENT_STREAM)
        speeds = self._speeds(keys, labels)
        clips = cut(recordings, words, self.length, self.sample_rate_hz, self.placement, placing, speeds)
        for group in self.groups:
            acting = [(step.transform, *step.chosen(keys, labels)) for step in group]
            if isinstance(group[0].transform, FILTERS):
                filter_clips(clips, acting)
            elif len(acting[0][1]):
                acting[0][0].apply(clips, *acting[0][1:])
        return clips

    def _speeds(self, keys: Keys, labels: Sequence[str]) -> Floats:
        speeds = np.ones(len(keys))
        if self.speed is not None:
            rows, draws = self.speed.chosen(keys, labels)
            speeds[rows] = self.speed.transform.rates(draws)
        return speeds
