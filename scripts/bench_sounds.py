"""Generated audio for benchmarks: speech-like noise in place of words, which requires no recordings."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from omegaconf import OmegaConf

from kwspipe.config import AugmentConfig, FrontendConfig
from kwspipe.dataset.store.clip_store import StoreWriter

REPOSITORY = Path(__file__).resolve().parents[1]
CONF = REPOSITORY / "conf"
RATE_HZ = 16000
NUM_NOISES, NOISE_S = 8, 10
LABELS = ("one", "two", "three", "_unknown_", "_silence_")


def frontend_settings() -> FrontendConfig:
    """Returns the front end settings of the vendor, which were used for the figures of the peer."""
    return FrontendConfig(**_plain("frontend", "vendor"))


def augment_preset(name: str) -> AugmentConfig:
    """Returns a preset of conf/augment."""
    preset = _plain("augment", name)
    return AugmentConfig(preset["placement"], tuple(preset["transforms"]))


def _plain(group: str, name: str) -> dict[str, Any]:
    settings: Any = OmegaConf.to_container(OmegaConf.load(CONF / group / f"{name}.yaml"))
    return dict(settings)


def speechlike(num_clips: int, num_samples: int, seed: int = 0) -> np.ndarray:
    """Returns (num_clips, num_samples) int16: noise with a loudness that is modulated at 4 Hz."""
    loudness = 3000 * np.sin(np.linspace(0, 4.8 * np.pi, num_samples)) ** 4 + 20
    return np.random.default_rng(seed).normal(0, loudness, (num_clips, num_samples)).astype(np.int16)


def noises() -> list[np.ndarray]:
    """Returns clips of background noise, (samples,) int16 each."""
    rng = np.random.default_rng(1)
    return [rng.normal(0, 800, NOISE_S * RATE_HZ).astype(np.int16) for _ in range(NUM_NOISES)]


def write_store(folder: Path, num_clips: int) -> Path:
    """Writes a clip store of recordings of 1 s with words of 0.5 s, and returns its folder."""
    folder.mkdir(parents=True)
    with StoreWriter(folder, LABELS) as writer:
        for number, pcm in enumerate(speechlike(num_clips, RATE_HZ)):
            take, label = number // len(LABELS), LABELS[number % len(LABELS)]
            writer.add_clip(
                pcm, (4000, 12000), label=label, kind="word", word=label, speaker=f"s{number % 50}",
                split="validation" if take % 10 == 0 else "training", source="generated", path=f"{number}.wav",
            )  # fmt: skip
        for number, pcm in enumerate(noises()):
            writer.add_noise_segment(f"noise{number}.wav", "training", writer.add_noise(pcm), len(pcm))
        writer.finish({"labels": LABELS})
    return folder


def write_recordings(folder: Path, words: tuple[str, ...], clips_per_word: int) -> Path:
    """Writes one folder of recordings per word, each with a tone of its own in speech-like noise."""
    times_s = np.arange(RATE_HZ) / RATE_HZ
    for number, word in enumerate(words):
        (folder / word).mkdir(parents=True)
        tone = 4000 * np.sin(2 * np.pi * 300 * (1 + number) * times_s) * np.sin(np.pi * times_s) ** 4
        for take, pcm in enumerate(speechlike(clips_per_word, RATE_HZ, number)):
            path = folder / word / f"speaker{take % 60}_nohash_{take // 60}.wav"
            soundfile.write(path, (pcm * 0.1 + tone).astype(np.int16), RATE_HZ)
    (folder / "_background_noise_").mkdir()
    write_noises(folder / "_background_noise_")
    return folder


def write_noises(folder: Path) -> None:
    """Writes the background noise as files."""
    for number, pcm in enumerate(noises()):
        soundfile.write(folder / f"noise{number}.wav", pcm, RATE_HZ)
