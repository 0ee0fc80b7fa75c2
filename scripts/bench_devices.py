"""Measures a training step by precision, XLA and device.

    python scripts/bench_devices.py                            # all that this machine can do
    python scripts/bench_devices.py mixed_float16 xla --model tc_resnet --batch 256 --steps 50

Clips are random; each setting has a process of its own, since TensorFlow reads its settings once. The first step traces
the graph, and compiles it where XLA shall. The processor's time, of all threads, is the median, which other work on the
machine changes least. Of several GPUs, ``mirrored`` takes all; on the CPU, two parts of it.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from kwspipe.config import ModelConfig, TrainConfig
from kwspipe.files.process import call_in_process, redirect_native_stderr
from kwspipe.training import devices
from kwspipe.training.step import train_on_batch
from kwspipe.training.targets import Step

CONF = Path(__file__).resolve().parents[1] / "conf"
SHAPE, CLASSES = (59, 49), 11  # of experiment=digits_9
SETTINGS: dict[str, dict[str, Any]] = {
    "float32": {},
    "mixed_float16": {"precision": "mixed_float16"},
    "mixed_bfloat16": {"precision": "mixed_bfloat16"},
    "mirrored": {"strategy": "mirrored"},
    "xla": {"xla": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", default=[], help=", ".join(SETTINGS))
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    if unknown := set(arguments.settings) - set(SETTINGS):
        parser.error(f"no settings {', '.join(sorted(unknown))}; there are {', '.join(SETTINGS)}")
    table = Table(title=f"{arguments.model}, steps of {arguments.batch} clips", title_justify="left")
    for name in ("setting", "first step s", "median ms", "least ms", "processor ms", "on"):
        table.add_column(name, justify="left" if name in ("setting", "on") else "right")
    for name in arguments.settings or SETTINGS:
        first_s, steps_s, busy_s, on = call_in_process(
            measure, arguments.model, name, arguments.batch, arguments.steps
        )
        median_ms, least_ms = 1000 * float(np.median(steps_s)), 1000 * min(steps_s)
        table.add_row(
            name, f"{first_s:.1f}", f"{median_ms:.1f}", f"{least_ms:.1f}", f"{1000 * busy_s:.1f}", on
        )
    Console().print(table)


def measure(model_name: str, setting: str, batch: int, steps: int) -> tuple[float, list[float], float, str]:
    """Returns the seconds of the first step and of each after it, the processor's of one, and what they ran on."""
    redirect_native_stderr(Path("/dev/null"))
    import keras

    from kwspipe import models

    train = TrainConfig(**(_yaml("train/best.yaml") | {"batch_size": batch} | SETTINGS[setting]))
    if setting == "mirrored" and not _gpus():
        train = dataclasses.replace(train, devices=("CPU:0", "CPU:1"))
    placement = devices.prepare(train)
    network = TypeAdapter(ModelConfig).validate_json(json.dumps(_yaml(f"model/{model_name}.yaml")))
    with placement.scope():
        model = models.build(network, SHAPE, CLASSES)
        optimizer = keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.99)
        model.compile(
            optimizer,
            "categorical_crossentropy",
            weighted_metrics=[],
            metrics=["accuracy"],
            jit_compile=train.xla,
        )
        model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(0)
    features = rng.integers(-128, 128, (batch, *SHAPE, 1)).astype(np.float32)
    posteriors = np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, batch)]
    step = Step(features, (posteriors,), (np.ones(batch, np.float32),))
    times_s, busy_s = [], []
    for _ in range(steps + 1):
        begin_s, begin_busy_s = time.perf_counter(), time.process_time()
        train_on_batch(model, step)
        times_s.append(time.perf_counter() - begin_s)
        busy_s.append(time.process_time() - begin_busy_s)
    return times_s[0], times_s[1:], float(np.median(busy_s[1:])), str(placement)


def _gpus() -> list[object]:
    import tensorflow as tf

    return list(tf.config.list_physical_devices("GPU"))


def _yaml(path: str) -> dict[str, Any]:
    return dict(OmegaConf.to_container(OmegaConf.load(CONF / path)))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
