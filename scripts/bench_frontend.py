"""Measures the front end: clips per second on one core, with the default settings.

Prints a line for people; ``measure`` returns the entry for runs/bench.json.
"""

import time
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf

from kwspipe.config import FrontendConfig
from kwspipe.frontend import FrontEnd

REPOSITORY = Path(__file__).resolve().parents[1]
MLTK_CLIPS_PER_SECOND = 2344.0
"""The best of several runs of silabs-mltk 0.20.0's binary on a machine of the same kind."""
NUM_CLIPS = 64
NUM_ROUNDS = 60


def speechlike(num_clips: int, num_samples: int) -> np.ndarray:
    """Returns (num_clips, num_samples) int16: noise whose loudness rises and falls four times a second."""
    loudness = 3000 * np.sin(np.linspace(0, 4.8 * np.pi, num_samples)) ** 4 + 20
    return np.random.default_rng(0).normal(0, loudness, (num_clips, num_samples)).astype(np.int16)


def measure() -> dict[str, object]:
    """Returns name, value, unit, reference and ratio; the best round counts, for the machine may be shared."""
    settings = OmegaConf.to_container(OmegaConf.load(REPOSITORY / "conf" / "frontend" / "default.yaml"))
    frontend = FrontEnd(FrontendConfig(**settings))
    clips = speechlike(NUM_CLIPS, frontend.clip_samples)
    best_s = float("inf")
    for _ in range(NUM_ROUNDS):
        start_s = time.perf_counter()
        frontend.features(clips, threads=1)
        best_s = min(best_s, time.perf_counter() - start_s)
    value = NUM_CLIPS / best_s
    return {
        "name": "frontend_clips_per_second",
        "value": round(value, 1),
        "unit": "clips/s",
        "reference": MLTK_CLIPS_PER_SECOND,
        "ratio": round(value / MLTK_CLIPS_PER_SECOND, 2),
    }


if __name__ == "__main__":
    result = measure()
    print(f"{result['value']} clips/s on one core, {1e6 / result['value']:.1f} us a clip of 1.2 s,", end=" ")
    print(f"{result['ratio']} times the vendor's")
