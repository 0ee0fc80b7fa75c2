"""Tones and stream settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kwspipe.config import StreamConfig
from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from support.default_settings import plain_settings

RATE_HZ = 16000


def make_config(**values: Any) -> StreamConfig:
    changes = {"words_minutes": 0.5, "snr_db": (10.0,), "max_minutes": 0.5, "bootstrap_rounds": 50, **values}
    return StreamConfig(**(plain_settings("stream") | changes))


def tone(length_s: float, hz: float, level: float = 0.2) -> np.ndarray:
    """A tone of that length."""
    time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    return (32767 * level * np.sin(2 * np.pi * hz * time_s)).astype(np.int16)


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., ClipStore]:
    """Writes a store with a testing split: "one", "two" and other words by three speakers each, noise, speech."""

    def make(
        negative_s: tuple[float, ...] = (2.0, 3.0),
        noise_s: float = 4.0,
        keywords: bool = True,
        split: str = "testing",
    ) -> ClipStore:
        rng = np.random.default_rng(0)
        folder = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        labels = ["one", "two", "_unknown_", "_silence_"]
        with StoreWriter(folder, labels) as writer:
            words = [("one", "one", 300), ("two", "two", 500)] if keywords else []
            for label, word, hz in [*words, ("_unknown_", "cat", 700), ("_unknown_", "dog", 900)]:
                for number in range(3):
                    length_s = 0.3 + 0.1 * number
                    silence = np.zeros(RATE_HZ // 5, np.int16)
                    pcm = np.concatenate([silence, tone(length_s, hz), silence])
                    writer.add_clip(
                        pcm, (silence.size, pcm.size - silence.size), label=label, kind="word", word=word,
                        speaker=f"speaker {number}", split=split, source="made", path=f"{word}/{number}",
                    )  # fmt: skip
            if noise_s:
                noise = (3000 * rng.standard_normal(int(noise_s * RATE_HZ))).astype(np.int16)
                writer.add_noise_segment("hiss", split, writer.add_noise(noise), noise.size)
            for number, length_s in enumerate(negative_s):
                speech = (1000 * rng.standard_normal(int(length_s * RATE_HZ))).astype(np.int16)
                writer.add_negative(speech, f"talk/{number}", split)
            writer.finish({"labels": labels, "sample_rate_hz": RATE_HZ})
        return ClipStore(folder)

    return make
