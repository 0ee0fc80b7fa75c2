"""Augmentation of batches: from recordings to training clips, and masking of features."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import Pcm, pcm_from_float
from kwspipe.augment.batch import Bounds, ClipBatch, cut_clips
from kwspipe.augment.filters import LowerSampleRate, MicrophoneColour, filter_clips
from kwspipe.augment.masks import SpecMask
from kwspipe.augment.random import CounterRng, Floats, Keys, clip_keys
from kwspipe.augment.registry import build
from kwspipe.augment.room_simulator import RoomSimulator, recorded_responses
from kwspipe.augment.speed import Speed
from kwspipe.config import AugmentConfig
from kwspipe.dataset.recordings import listing_hash

PLACEMENT_STREAM = -1  # random stream of the placement; transforms have streams from 0
# Clips per block. Their samples fit into the cache of a CPU core.
BLOCK_CLIPS = 16
FILTERS = (LowerSampleRate, MicrophoneColour, RoomSimulator)


def check(transforms: Sequence[Mapping[str, Any]], labels: Collection[str]) -> None:
    """Raises ConfigError with all errors in the configured transforms.

    Args:
        transforms: name and parameters of each transform.
        labels: of the clips.
    """
    build(transforms, (), labels)


def sources(transforms: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Returns a hash of the recordings that the transforms read, for the manifest."""
    roots = [root for transform in transforms for root in transform.get("rir_roots") or ()]
    return {"rir_roots": listing_hash(recorded_responses(roots))} if roots else {}


class Augmenter:
    """Computes training clips from recordings, reproducibly for a given seed.

    An augmenter with a transform of audiomentations is not thread-safe (``audiomentations_adapter.py``).

    Args:
        config: placement and transforms.
        noise: background recordings, (samples,) int16 each.
        length: samples of a clip.
        sample_rate_hz: of clips and noise.
        labels: of the clips.
        seed: of the simulated rooms.
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
        # Successive filters are one group, for which one Fourier transform is sufficient.
        self.groups = [
            list(group)
            for _, group in groupby(rest, lambda s: -1 if isinstance(s.transform, FILTERS) else s.index)
        ]

    def clips(
        self, recordings: Sequence[Pcm], words: Sequence[Bounds], keys: Keys, labels: Sequence[str]
    ) -> npt.NDArray[np.int16]:
        """Returns augmented clips, (clips, length) int16, limited to full scale.

        Args:
            recordings: (samples,) int16 each.
            words: (start, end) of the word in each recording, in samples; the end is exclusive.
            keys: (clips,) of ``clip_keys``, which determine all random numbers.
            labels: of the clips.
        """
        clips = np.empty((len(recordings), self.length), np.int16)
        for start in range(0, len(recordings), BLOCK_CLIPS):
            block = slice(start, start + BLOCK_CLIPS)
            clips[block] = pcm_from_float(
                self._block(recordings[block], words[block], keys[block], labels[block]).samples
            )
        return clips

    def clip(self, recording: Pcm, word: Bounds, seed: Sequence[int], label: str) -> Pcm:
        """Returns one augmented clip, (length,) int16; ``seed`` determines all random numbers."""
        return self.clips([recording], [word], clip_keys(*seed), [label])[0]

    def mask(self, features: npt.NDArray[np.int8], keys: Keys, labels: Sequence[str]) -> None:
        """Masks features (clips, frames, channels) in place; the other arguments are those of ``clips``."""
        for step in self.masks:
            rows, rng = step.select(keys, labels)
            step.transform.mask(features, rows, rng)

    def _block(
        self, recordings: Sequence[Pcm], words: Sequence[Bounds], keys: Keys, labels: Sequence[str]
    ) -> ClipBatch:
        rng = CounterRng(keys, PLACEMENT_STREAM)
        speeds = self._speeds(keys, labels)
        clips = cut_clips(recordings, words, self.length, self.sample_rate_hz, self.placement, rng, speeds)
        for group in self.groups:
            active = [(step.transform, *step.select(keys, labels)) for step in group]
            if isinstance(group[0].transform, FILTERS):
                filter_clips(clips, active)
            elif len(active[0][1]):
                active[0][0].apply(clips, *active[0][1:])
        return clips

    def _speeds(self, keys: Keys, labels: Sequence[str]) -> Floats:
        speeds = np.ones(len(keys))
        if self.speed is not None:
            rows, rng = self.speed.select(keys, labels)
            speeds[rows] = self.speed.transform.rates(rng)
        return speeds
