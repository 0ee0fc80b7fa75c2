"""Recordings of tones, and small configurations of recording sources."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from kwspipe.config import MswcConfig, NegativesConfig, SyntheticConfig
from support.default_settings import DATASET

RATE_HZ = 16000


def tone(frequency_hz: float = 440.0, duration_s: float = 0.4, peak: float = 0.5) -> np.ndarray:
    """Returns one second of digital silence with a tone that starts after 0.25 s, (samples,) float64."""
    samples = np.zeros(RATE_HZ)
    num_samples = int(duration_s * RATE_HZ)
    time_s = np.arange(num_samples) / RATE_HZ
    samples[4000 : 4000 + num_samples] = peak * np.sin(2 * np.pi * frequency_hz * time_s)
    return samples


def write(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ, **options: Any) -> Path:
    """Writes a recording into a folder, which is created if needed, and returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples, rate_hz, **options)
    return path


def make_negatives(**values: Any) -> NegativesConfig:
    """Returns settings without hard negatives, with single settings replaced."""
    return replace(DATASET.negatives, **({"evaluation_clips": 4} | values))


def make_mswc(cache_dir: str, **values: Any) -> MswcConfig:
    """Returns settings of the Multilingual Spoken Words Corpus with addresses that do not exist."""
    addresses = {
        "audio_urls": ("http://127.0.0.1:9/audio/{language}.tar.gz",),
        "splits_urls": ("http://127.0.0.1:9/splits/{language}.tar.gz",),
    }
    limits = {"max_other_words": 10, "max_clips_per_other_word": 5}
    return replace(DATASET.mswc, **(addresses | limits | {"cache_dir": cache_dir} | values))


def make_synthetic(cache_dir: str) -> SyntheticConfig:
    """Returns settings of synthetic speech with few words and few voices."""
    return replace(
        DATASET.synthetic,
        cache_dir=f"{cache_dir}/speech_cache",
        clips_per_word=10,
        unknown_words=("cat", "dog", "house", "tree"),
        accents=("en-us", "en-gb"),
        min_rate_wpm=120,
        max_rate_wpm=200,
        min_pitch=30,
        max_pitch=70,
        max_voices=6,
        noise_s=4.0,
        kokoro=replace(
            DATASET.synthetic.kokoro, max_speakers=100, voices_package="voices@1", cache_dir=cache_dir
        ),
    )
