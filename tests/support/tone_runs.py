"""Small trainings on tones, started from the command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from kwspipe.dataset.store.clip_store import StoreWriter
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder

LABELS = ("yes", "no", "_unknown_", "_silence_")
SMALL = (
    "+experiment=smoke", "stages=[train]", "model=ds_cnn", "model.filters=8", "model.blocks=1", "transfer=none",
    "augment=none", "train.workers=1",
)  # fmt: skip


def tone_overrides(run_dir: Path, *overrides: str) -> list[str]:
    """Returns the arguments of the command line."""
    return [*SMALL, f"name={run_dir.name}", f"run_dir={run_dir}", *overrides]


def train_on_tones(run_dir: Path, *overrides: str) -> str:
    """Writes the folder of the stage prepare, with 24 training and 8 validation clips, and runs the stage train.

    Returns:
        The output on standard error, which is not a terminal.
    """
    seconds, rng = np.arange(19200) / 16000, np.random.default_rng(0)
    prepared = stage_folder(run_dir / "prepare", Fingerprint({}, {}, "code"))
    with prepared as folder, StoreWriter(folder, LABELS) as writer:
        for number, label in enumerate(LABELS * 8):
            tone = 4000 * np.sin(2 * np.pi * 300 * (1 + number % len(LABELS)) * seconds)
            writer.add_clip(
                (tone + rng.normal(0, 300, seconds.size)).astype(np.int16), (2000, 14000), label=label, kind="word",
                word=label, speaker=f"s{number}", split="training" if number < 24 else "validation",
                source="folder", path=f"{number}.wav",
            )  # fmt: skip
        writer.finish({"labels": LABELS})
    command = [sys.executable, "-m", "kwspipe", *tone_overrides(run_dir, *overrides)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=run_dir.parent)
    assert done.returncode == 0, done.stderr
    return done.stderr
