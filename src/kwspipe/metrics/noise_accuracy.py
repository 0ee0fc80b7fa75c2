"""Accuracy in noise: metrics of the test clips with added background noise, by signal-to-noise ratio."""

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
    """Measures clips of the test split with added noise of the test split. Silence clips are excluded.

    Args:
        store: the prepared clips.
        frontend: settings of the features.
        numbers: (clips,) number of each clip in the store.
        targets: (clips,) index of the true label of each clip.
        labels: (classes,) in the order of the scores.
        networks: functions from features (clips, frames, channels) to scores (clips, classes), by name.
        snrs_db: signal-to-noise ratios in dB.
        seed: seed of the choice of noise for each clip.

    Returns:
        One entry per ratio: snr_db, and words_accuracy and unknown_rejected of each network, by its name. Empty if the
        test split has no noise or no speech.
    """
    noise = store.noise("testing")
    is_speech = targets != labels.index(SILENCE) if SILENCE in labels else np.ones(len(targets), bool)
    if not noise or not is_speech.any():
        return []
    results: list[dict[str, Any]] = []
    for snr_db in snrs_db:
        features = noisy_features(store, frontend, numbers[is_speech], snr_db, seed)
        result: dict[str, Any] = {"snr_db": snr_db}
        for name, network in networks.items():
            metrics = clips.measure(targets[is_speech], network(features), labels)
            result[name] = {key: metrics[key] for key in ("words_accuracy", "unknown_rejected")}
        results.append(result)
    return results


def noisy_features(
    store: ClipStore, frontend: FrontendConfig, numbers: Indices, snr_db: float, seed: int
) -> Features:
    """Computes features (clips, frames, channels) of clips with added noise of the test split. The word is centred."""
    add_noise = {"name": "AddBackgroundNoise", "p": 1.0, "min_snr_db": snr_db, "max_snr_db": snr_db}
    augmenter = Augmenter(
        AugmentConfig(placement="center", transforms=(add_noise,)),
        store.noise("testing"),
        frontend.sample_length,
        frontend.sample_rate_hz,
        store.labels,
        seed,
    )
    recordings = [store.clip(number) for number in numbers]
    words = [store.word_bounds(number) for number in numbers]
    label_names = [store.labels[target] for target in store.targets[numbers]]
    return FrontEnd(frontend).features(
        augmenter.clips(recordings, words, clip_keys(seed, 0, numbers), label_names)
    )
