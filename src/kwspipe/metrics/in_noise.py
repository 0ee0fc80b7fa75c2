"""Figures by clip with noise added: words among what the user's home sounds like, at a few ratios."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.augment import Augmenter, clip_keys
from kwspipe.config import AugmentConfig, FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import SILENCE
from kwspipe.metrics import clips

Features = npt.NDArray[np.int8]
Indices = npt.NDArray[np.int64]
Network = Callable[[Features], npt.NDArray[np.float32]]


def measure(
    store: ClipStore,
    frontend: FrontendConfig,
    numbers: Indices,
    targets: Indices,
    labels: Sequence[str],
    networks: Mapping[str, Network],
    snrs_db: Sequence[float],
    seed: int,
) -> list[dict[str, Any]]:
    """Measures clips of the test split over noise of the test split; silence is left out.

    Args:
        store: the prepared clips.
        frontend: settings of the features.
        numbers: (clips,) in the store.
        targets: (clips,) index of the label.
        labels: of the scores.
        networks: by name, from features (clips, frames, channels) to scores (clips, classes).
        snrs_db: ratios of the word's power to the noise's.
        seed: decides which noise is added to which clip.

    Returns:
        For each ratio: snr_db and, for each network by name, words_accuracy and unknown_rejected.
    """
    noise = store.noise("testing")
    speech = targets != labels.index(SILENCE) if SILENCE in labels else np.ones(len(targets), bool)
    if not noise or not speech.any():
        return []
    results: list[dict[str, Any]] = []
    for snr_db in snrs_db:
        features = noisy_features(store, frontend, numbers[speech], snr_db, seed)
        result: dict[str, Any] = {"snr_db": snr_db}
        for name, network in networks.items():
            figures = clips.measure(targets[speech], network(features), labels)
            result[name] = {key: figures[key] for key in ("words_accuracy", "unknown_rejected")}
        results.append(result)
    return results


def noisy_features(
    store: ClipStore, frontend: FrontendConfig, numbers: Indices, snr_db: float, seed: int
) -> Features:
    """Computes features (clips, frames, channels) of test clips over noise, the word in the middle."""
    adding = {"name": "AddBackgroundNoise", "p": 1.0, "min_snr_db": snr_db, "max_snr_db": snr_db}
    augmenter = Augmenter(
        AugmentConfig(placement="center", transforms=(adding,)),
        store.noise("testing"),
        frontend.sample_length,
        frontend.sample_rate_hz,
        store.labels,
        seed,
    )
    recordings = [store.clip(number) for number in numbers]
    words = [store.word_bounds(number) for number in numbers]
    names = [store.labels[target] for target in store.targets[numbers]]
    return FrontEnd(frontend).features(augmenter.clips(recordings, words, clip_keys(seed, 0, numbers), names))
