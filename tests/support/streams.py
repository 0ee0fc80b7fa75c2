"""Clip stores, scores and settings for tests of streams."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kwspipe.config import DetectorConfig, StreamConfig
from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.streaming.scoring import StreamScores
from kwspipe.streaming.streams import Kind, SpokenWord, Stream
from support.default_settings import DETECTOR, plain_settings

RATE_HZ = 16000
SCORE_LABELS = ("one", "two", "_unknown_")
SCORE_HOURS = 1.0


def make_config(**values: Any) -> StreamConfig:
    """Returns settings of short streams. ``max_words_minutes`` is ``words_minutes`` unless it is given."""
    changes = {"words_minutes": 0.5, "snr_db": (10.0,), "max_minutes": 0.5, "bootstrap_rounds": 50, **values}
    changes.setdefault("max_words_minutes", changes["words_minutes"])
    return StreamConfig(**(plain_settings("stream") | changes))


def make_detector(**changes: object) -> DetectorConfig:
    """Returns settings of a detector without averaging."""
    return replace(DETECTOR, **({"average_window_duration_ms": 0, "minimum_count": 1} | changes))


def make_scores(kind: Kind, scores: list[tuple[str, int]], spoken: bool) -> StreamScores:
    """Returns the scores of a stream of one hour, with an inference every three seconds.

    Args:
        kind: kind of the stream.
        scores: label and score, 0 to 255, of each inference. The other labels have the score 0.
        spoken: whether the stream contains the label of each inference as a word.
    """
    samples = np.broadcast_to(np.zeros(1, np.int16), (int(SCORE_HOURS * 3600 * RATE_HZ),))
    times = 3000 * (1 + np.arange(len(scores), dtype=np.uint32))
    raw = np.full((len(scores), len(SCORE_LABELS)), -128, np.int8)
    for row, (label, score) in zip(raw, scores, strict=True):
        row[SCORE_LABELS.index(label)] = score - 128
    words = [
        SpokenWord(label, f"speaker {number % 5}", time_ms - 500, time_ms - 100)
        for number, ((label, _), time_ms) in enumerate(zip(scores, times, strict=True))
    ]
    return StreamScores(Stream(kind, kind, (samples,), spoken=tuple(words) if spoken else ()), times, raw, ())


def tone(length_s: float, hz: float, level: float = 0.2) -> np.ndarray:
    """Returns a tone, (samples,) int16."""
    time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    return (32767 * level * np.sin(2 * np.pi * hz * time_s)).astype(np.int16)


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., ClipStore]:
    """Returns a function that writes a store with keywords and other words of three speakers, noise and speech."""

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
                        speaker=f"speaker {number}", split=split, source="generated", path=f"{word}/{number}",
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
