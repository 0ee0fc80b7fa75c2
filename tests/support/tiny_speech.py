"""Small folder of recordings with noise in place of words, which is prepared in one second."""

from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 16000


def write(root: Path, words: tuple[str, ...] = ("yes", "no"), speakers: int = 6) -> list[str]:
    """Writes one clip per word and speaker, and returns the overrides of the configuration that uses them."""
    random = np.random.default_rng(1)
    for word in words:
        (root / word).mkdir(parents=True)
        for speaker in range(speakers):
            samples = (0.3 * random.standard_normal(RATE_HZ)).clip(-1, 1)
            soundfile.write(root / word / f"{speaker:08x}_nohash_0.wav", samples, RATE_HZ, subtype="PCM_16")
    return [
        "+experiment=smoke",
        "dataset=folder",
        f"dataset.root={root}",
        "dataset.unknown_class_percentage=0",
        "dataset.silence_class_ratio=0",
        "dataset.validation_fraction=0.3",
        "dataset.testing_fraction=0.3",
        "dataset.min_evaluation_clips=1",
        "stages=[prepare]",
    ]
