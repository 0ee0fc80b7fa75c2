"""Features of clips without augmentation, for validation, test and calibration."""

import numpy as np
import numpy.typing as npt

from kwspipe.augment import crop_or_pad_around_word
from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.store.clip_store import ClipStore

Features = npt.NDArray[np.int8]
Indices = npt.NDArray[np.int64]

# Clips whose samples are in memory while their features are computed: about 20 MB.
CLIPS_PER_BLOCK = 512


def split_features(store: ClipStore, frontend: FrontendConfig, split: str) -> tuple[Features, Indices]:
    """Computes the features of a split without hard negatives.

    Hard negatives are measured separately, so that figures do not depend on their share.

    Returns:
        Features (clips, frames, channels) int8, and the index of each clip's label, (clips,).
    """
    numbers = store.select_plain(split)
    return plain_features(store, frontend, numbers), store.targets[numbers]


def plain_features(store: ClipStore, frontend: FrontendConfig, numbers: Indices) -> Features:
    """Computes the features (clips, frames, channels) int8 of clips with the word in the middle.

    Args:
        store: store of the prepared clips.
        frontend: settings of the features.
        numbers: (clips,) numbers of the clips in the store.
    """
    unused = np.random.default_rng(0)  # the placement is fixed, so that nothing is drawn
    length, front_end = frontend.sample_length, FrontEnd(frontend)
    features = np.empty((len(numbers), front_end.num_frames, front_end.num_channels), np.int8)
    for start in range(0, len(numbers), CLIPS_PER_BLOCK):
        block = numbers[start : start + CLIPS_PER_BLOCK]
        clips = [
            crop_or_pad_around_word(store.clip(number), store.word_bounds(number), length, "center", unused)
            for number in block
        ]
        features[start : start + CLIPS_PER_BLOCK] = front_end.features(np.stack(clips))
    return features


def calibration_features(store: ClipStore, frontend: FrontendConfig, max_clips: int) -> Features:
    """Computes the features of training clips for the calibration of int8 ranges.

    The store is sorted by label. The clips are therefore taken at equal distances over the training split.
    """
    numbers = store.select("training")
    count = min(max_clips, len(numbers))
    positions = np.linspace(0, len(numbers) - 1, count).round().astype(int)
    return plain_features(store, frontend, numbers[positions])
