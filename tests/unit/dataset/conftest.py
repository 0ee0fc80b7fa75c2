"""A small corpus in Speech Commands' layout, and configurations of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from default_settings import FRONTEND
from kwspipe.config import (
    DatasetConfig,
    FrontendConfig,
    KokoroConfig,
    MswcConfig,
    NegativesConfig,
    SpeechCommandsConfig,
    SyntheticConfig,
)

RATE_HZ = 16000


def tone(frequency_hz: float = 440.0, duration_s: float = 0.4, peak: float = 0.5) -> np.ndarray:
    """A tone with silence around it, one second in all."""
    samples = np.zeros(RATE_HZ)
    num_samples = int(duration_s * RATE_HZ)
    time_s = np.arange(num_samples) / RATE_HZ
    samples[4000 : 4000 + num_samples] = peak * np.sin(2 * np.pi * frequency_hz * time_s)
    return samples


def write(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples, rate_hz, **options)
    return path


def make_negatives(**values: Any) -> NegativesConfig:
    """Hard negatives: none, unless single values say otherwise."""
    shares = dict.fromkeys(
        ("partial", "ending", "several", "babble", "near_miss", "speech", "colour", "click", "level"), 0.0
    )
    defaults: dict[str, Any] = {f"{kind}_percentage": share for kind, share in shares.items()} | {
        "in_training": True,
        "evaluation_clips": 4,
        "min_part": 0.2,
        "max_part": 0.5,
        "noise_probability": 0.5,
        "min_snr_db": 5.0,
        "max_snr_db": 25.0,
        "min_talkers": 3,
        "max_talkers": 6,
        "similarity": "spelling",
        "min_similarity": 0.5,
    }
    return NegativesConfig(**(defaults | values))


def make_mswc(cache_dir: str, **values: Any) -> MswcConfig:
    """The Multilingual Spoken Words Corpus at an address where nothing is."""
    defaults: dict[str, Any] = {
        "download": False,
        "language": "en",
        "audio_urls": ("http://127.0.0.1:9/audio/{language}.tar.gz",),
        "audio_sha256": None,
        "splits_urls": ("http://127.0.0.1:9/splits/{language}.tar.gz",),
        "splits_sha256": None,
        "max_other_words": 10,
        "max_clips_per_other_word": 5,
        "cache_dir": cache_dir,
    }
    return MswcConfig(**(defaults | values))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six words by twelve speakers, and 60 s of noise; ann and bob are validation, cid and dan testing."""
    root = tmp_path / "speech"
    speakers = ["ann", "bob", "cid", "dan", *(f"s{index}" for index in range(8))]
    for place, word in enumerate(["one", "two", "three", "tree", "cat", "dog"]):
        for number, speaker in enumerate(speakers):
            write(root / word / f"{speaker}_nohash_0.wav", tone(200 + 100 * place + 5 * number))
    noise = np.random.default_rng(1).normal(0, 0.05, 60 * RATE_HZ)
    write(root / "_background_noise_" / "hiss.wav", noise)
    words = ["one", "two", "three", "tree", "cat", "dog"]
    for name, members in (("validation", ["ann", "bob"]), ("testing", ["cid", "dan"])):
        lines = [f"{word}/{speaker}_nohash_0.wav" for word in words for speaker in members]
        (root / f"{name}_list.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def make_dataset(corpus: Path) -> Callable[..., DatasetConfig]:
    """Builds a configuration of the corpus; keywords replace single values."""

    def make(**values: Any) -> DatasetConfig:
        defaults: dict[str, Any] = {
            "words": ("one", "two", "three"),
            "sources": ("folder",),
            "root": str(corpus),
            "noise_roots": (),
            "negative_roots": (),
            "mined_roots": (),
            "negative_validation_percentage": 25.0,
            "negative_testing_percentage": 50.0,
            "unknown_words": (),
            "unknown_class_percentage": 1.0,
            "silence_class_percentage": 0.5,
            "zero_silence_percentage": 0.25,
            "min_evaluation_clips": 0,
            "max_clips_per_word": None,
            "max_training_clips_per_word": None,
            "validation_percentage": 10.0,
            "testing_percentage": 10.0,
            "fold": None,
            "training_only_speakers": (),
            "min_clip_ms": 100,
            "min_peak_db": -50.0,
            "trim_below_peak_db": 30.0,
            "max_clipped_fraction": 0.1,
            "bad_files": (),
            "negatives": make_negatives(),
            "speech_commands": SpeechCommandsConfig(
                download=False,
                urls=("http://127.0.0.1:9/none.tar.gz",),
                size_bytes=1,
                sha256="0" * 64,
                cache_dir=str(corpus.parent),
            ),
            "synthetic_training_clips_per_word": 0,
            "mswc": make_mswc(str(corpus.parent)),
            "synthetic": SyntheticConfig(
                engines=("espeak",),
                shares={"espeak": 1.0, "kokoro": 1.0},
                cache_dir=str(corpus.parent / "speech_cache"),
                clips_per_word=10,
                unknown_words=("cat", "dog", "house", "tree"),
                near_words_per_keyword=0,
                accents=("en-us", "en-gb"),
                min_rate_wpm=120,
                max_rate_wpm=200,
                min_pitch=30,
                max_pitch=70,
                max_voices=6,
                noise_s=4.0,
                kokoro=KokoroConfig(
                    voices=("*",),
                    max_speakers=100,
                    min_speed=0.75,
                    max_speed=1.4,
                    voices_package="voices@1",
                    voices_sha256="0" * 64,
                    cache_dir=str(corpus.parent),
                ),
            ),
        }
        return DatasetConfig(**(defaults | values))

    return make


@pytest.fixture
def frontend() -> FrontendConfig:
    """The vendor's front end: 16 kHz, clips of 1.2 s."""
    return FRONTEND
