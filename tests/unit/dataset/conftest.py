"""Fixtures: a small corpus in the folder layout of Speech Commands, and configurations of it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kwspipe.config import DatasetConfig, FrontendConfig
from support.datasets import RATE_HZ, make_mswc, make_negatives, make_synthetic, tone, write
from support.default_settings import DATASET, FRONTEND


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six words by twelve speakers and 60 s of noise. Ann and bob are in validation, cid and dan in testing."""
    root = tmp_path / "speech"
    speakers = ["ann", "bob", "cid", "dan", *(f"s{number}" for number in range(8))]
    for index, word in enumerate(["one", "two", "three", "tree", "cat", "dog"]):
        for number, speaker in enumerate(speakers):
            write(root / word / f"{speaker}_nohash_0.wav", tone(200 + 100 * index + 5 * number))
    noise = np.random.default_rng(1).normal(0, 0.05, 60 * RATE_HZ)
    write(root / "_background_noise_" / "hiss.wav", noise)
    words = ["one", "two", "three", "tree", "cat", "dog"]
    for name, members in (("validation", ["ann", "bob"]), ("testing", ["cid", "dan"])):
        lines = [f"{word}/{speaker}_nohash_0.wav" for word in words for speaker in members]
        (root / f"{name}_list.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def make_dataset(corpus: Path) -> Callable[..., DatasetConfig]:
    """Returns a function that builds a configuration of the corpus; its keyword arguments replace single settings."""

    def make(**values: Any) -> DatasetConfig:
        defaults: dict[str, Any] = {
            "root": str(corpus),
            "silence_class_ratio": 0.5,
            "zero_silence_fraction": 0.25,
            "min_evaluation_clips": 0,
            "negatives": make_negatives(),
            "speech_commands": replace(
                DATASET.speech_commands,
                urls=("http://127.0.0.1:9/none.tar.gz",),
                cache_dir=str(corpus.parent),
            ),
            "mswc": make_mswc(str(corpus.parent)),
            "synthetic": make_synthetic(str(corpus.parent)),
        }
        return replace(DATASET, **(defaults | values))

    return make


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for the store."""
    folder = tmp_path / "prepare"
    folder.mkdir()
    return folder


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Returns a function that makes folders with a given name unreadable (simulated, because root can read all)."""
    scandir = os.scandir

    def forbid_name(name: str) -> None:
        def refuse(path: Any) -> Any:
            if Path(path).name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)

    return forbid_name


@pytest.fixture
def frontend() -> FrontendConfig:
    """The default front end: 16 kHz, clips of 1.2 s."""
    return FRONTEND
