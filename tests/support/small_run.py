"""Small run directory with the files of all stages, written without a training."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kwspipe.dataset.recordings import Rejected
from kwspipe.dataset.store.clip_store import StoreWriter
from kwspipe.files.hashing import text_hash
from kwspipe.metrics import calibration, clips, mistakes
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder
from support.default_settings import FRONTEND

RATE_HZ = 16000
HOSTILE = "<script>alert(1)</script>"
LABELS = ("one", "two", "_unknown_", "_silence_")
SPLITS = ("training", "validation", "testing")
HISTORY = (
    "epoch,learning_rate,loss,accuracy,val_loss,val_accuracy,val_balanced_accuracy\n"
    "0,0.001,1.2,0.5,1.1,0.6,0.4\n1,0.0009,0.9,0.7,0.8,0.7,0.65\n2,0.0008,0.8,0.8,0.9,0.8,0.6\n"
)
PROFILE = (
    "layer,kind,output_shape,multiply_accumulates,instructions,share\n0,CONV_2D,30x25x8,54000,106867,0.6\n"
    "1,CONV_2D+DEPTHWISE_CONV_2D,15x13x8,9000,50000,0.3\n2,FULLY_CONNECTED,1x1x4,1536,10000,0.1\n"
)
BOARD = {
    "board": "brd2601", "firmware": "0.1.0-abc", "instructions_per_inference": 2497225, "arena_bytes": 36000,
    "memory_bytes": 42440, "max_memory_bytes": 73728, "image_bytes": 235480, "slot_bytes": 745472,
    "firmware_flash_bytes": 32460, "firmware_ram_bytes": 106312, "push_seconds": 23.6,
    "parity": {"vectors": 8, "equal": True},
}  # fmt: skip

STREAMING = {
    "threshold": 180, "thresholds": {"one": 180, "two": 150}, "false_accepts_per_hour": 0.42,
    "false_accepts_interval": [0.1, 1.5], "false_accepts_on": "speech without keywords", "hours": 3.0,
    "keywords": 40, "missed": 2, "false_reject_rate": 0.05, "false_reject_interval": [0.01, 0.12],
    "latency_ms": {"median": 130.0, "p90": 220.0}, "double_detection_rate": 0.0,
    "per_word": {"one": {"false_accepts_per_hour": 12.0, "keywords": 20, "false_reject_rate": None,
                         "false_reject_interval": None, "latency_ms": None}},
    "per_condition": [
        {"background": "noise", "snr_db": None, "keywords": 20, "false_reject_rate": 0.0,
         "false_reject_interval": [0.0, 0.1], "latency_ms": {"median": 120.0, "p90": 150.0},
         "double_detection_rate": 0.1},
        {"background": "noise", "snr_db": 10.0, "keywords": 20, "false_reject_rate": 0.1,
         "false_reject_interval": None, "latency_ms": None, "double_detection_rate": None},
    ],
    "false_accepts": {"negative": {"hours": 3.0, "count": 1, "per_hour": 0.33, "interval": [0.01, 1.9]}},
    "det": [{"threshold": t, "false_accepts_per_hour": (255 - t) / 4, "false_reject_rate": t / 255}
            for t in range(0, 256, 16)],
    "as_given": {"threshold": 145, "thresholds": {"one": 145}, "false_accepts_per_hour": 30.0,
                 "false_reject_rate": 0.02},
}  # fmt: skip


def tone(number: int, seconds: float = 1.0) -> np.ndarray:
    """Returns a tone whose frequency depends on the number, (samples,) int16."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (9000 * np.sin(2 * np.pi * (200 + 10 * number) * time_s)).astype(np.int16)


class Run:
    """Writer of a run directory. Each method writes the folder of a stage."""

    def __init__(self, run_dir: Path, labels: tuple[str, ...] = LABELS, synthetic: bool = False) -> None:
        self.dir, self.labels, self.synthetic = run_dir, labels, synthetic
        self.paths: list[str] = []
        self.targets: list[int] = []

    def stage(
        self, name: str, needs: tuple[str, ...], config: dict[str, Any], write: Callable[[Path], None]
    ) -> None:
        inputs = {
            need: text_hash(json.dumps(self.manifest(need)["outputs"], sort_keys=True)) for need in needs
        }
        with stage_folder(self.dir / name, Fingerprint(config, inputs, "code")) as folder:
            write(folder)

    def manifest(self, name: str) -> dict[str, Any]:
        return json.loads((self.dir / name / "manifest.json").read_text())

    def prepare(self, clips_per_class: int = 3, note: str = "") -> None:
        self.stage("prepare", (), {}, lambda folder: self._prepare(folder, clips_per_class, note))

    def _prepare(self, folder: Path, clips_per_class: int, note: str) -> None:
        self.paths, self.targets = [], []
        with StoreWriter(folder, self.labels) as writer:
            for split in SPLITS:
                for target, label in enumerate(self.labels):
                    for take in range(clips_per_class):
                        path = f"{label}/{split}_nohash_{take}{note}.wav"
                        self._clip(writer, label, split, path, target, take)
            writer.add_rejected(Rejected(f"one/{HOSTILE}.wav", "one", "too_short", "0.01 s"))
            writer.add_noise(tone(40, 6.0))
            writer.add_negative(tone(50, 2.0), "talk.flac", "training")
            for index, split in enumerate(SPLITS):
                writer.add_noise_segment("hum <b>.wav", split, index * 2 * RATE_HZ, 2 * RATE_HZ)
            counts = {label: dict.fromkeys(SPLITS, clips_per_class) for label in self.labels}
            writer.finish(
                {
                    "labels": list(self.labels), "source_used": "synthetic" if self.synthetic else "folder",
                    "synthetic": self.synthetic, "counts": counts, "speakers": dict.fromkeys(SPLITS, 3),
                    "noise_s": dict.fromkeys(SPLITS, 2.0), "rejected": {"too_short": 1}, "words": {},
                    "sample_rate_hz": RATE_HZ, "sample_length": FRONTEND.sample_length, "skipped_sources": [],
                }
            )  # fmt: skip

    def _clip(self, writer: StoreWriter, label: str, split: str, path: str, target: int, take: int) -> None:
        pcm = np.zeros(RATE_HZ, np.int16) if label == "_silence_" else tone(10 * target + take)
        names = {
            "label": label,
            "word": label,
            "speaker": f"{split}{take}",
            "split": split,
            "source": "folder",
            "kind": "zero" if label == "_silence_" else "word",
        }
        writer.add_clip(pcm, (2000, 12000), path=path, **names)
        if split == "testing":
            self.paths.append(path)
            self.targets.append(target)

    def train(self) -> None:
        def write(folder: Path) -> None:
            (folder / "history.csv").write_text(HISTORY)
            transfer = {"checkpoint": "base.h5", "loaded": ["a"], "skipped": {}, "unused": [], "frozen": []}
            (folder / "transfer.json").write_text(json.dumps(transfer))

        self.stage("train", ("prepare",), {"train": {"monitor": "val_balanced_accuracy"}}, write)

    def quantize(self) -> None:
        self.stage(
            "quantize", ("train",), {}, lambda folder: (folder / "profile.csv").write_text(PROFILE) and None
        )

    def evaluate(self, **more: Any) -> None:
        def write(folder: Path) -> None:
            num_labels = len(self.labels)
            targets = np.array(self.targets)
            # The first clip of each class is classified as the next class.
            predicted = np.where(np.arange(len(targets)) % 3 == 0, (targets + 1) % num_labels, targets)
            scores = np.full((len(targets), num_labels), 0.1 / (num_labels - 1), np.float32)
            scores[np.arange(len(targets)), predicted] = 0.9
            figures = clips.measure(targets, scores, self.labels)
            figures["calibration"] = calibration.measure(targets, scores)
            data = json.loads((self.dir / "prepare" / "summary.json").read_text())
            parity = {"clips": len(targets), "equal": len(targets)}
            metrics = {"float": figures, "int8": figures, "device": figures, "parity": parity, "data": data}
            (folder / "metrics.json").write_text(json.dumps(metrics | more))
            first = 2 * num_labels * 3  # the clips of training and validation precede those of testing
            numbers = np.arange(first, first + len(targets))
            np.savez(
                folder / "scores.npz",
                clips=numbers,
                targets=targets,
                float=scores,
                int8=scores,
                device=scores,
            )
            mistakes.write(folder / "mistakes.csv", self.paths, numbers, targets, scores, self.labels, 20)

        needs = tuple(name for name in ("prepare", "train", "quantize") if (self.dir / name).is_dir())
        self.stage("evaluate", needs, {"frontend": asdict(FRONTEND)}, write)

    def deploy(self) -> None:
        self.stage(
            "deploy",
            ("quantize",),
            {},
            lambda folder: (folder / "emulated.json").write_text(json.dumps(BOARD)) and None,
        )

    def write_all(self) -> "Run":
        """Writes the folders of all stages and config.yaml."""
        self.prepare()
        self.train()
        self.quantize()
        self.evaluate()
        self.deploy()
        config = f"name: a run\ntransfer:\n  source: bundled\ndataset:\n  root: '{HOSTILE}'\n"
        (self.dir / "config.yaml").write_text(config)
        return self
