"""Measures a training step in each precision.

    python scripts/bench_devices.py
    python scripts/bench_devices.py mixed_float16 --model tc_resnet --batch 256 --steps 50

The clips are random. Each precision is measured in a separate process, because TensorFlow reads its settings once. The
first step includes the tracing of the graph. The processor time is the sum over all threads. It is given as a median,
which other processes of the machine change least.
"""

import argparse
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
from kwspipe.training.compilation import compiled
from kwspipe.training.step import train_on_batch
from kwspipe.training.targets import Step

CONF = Path(__file__).resolve().parents[1] / "conf"
SHAPE, CLASSES = (59, 49), 11  # of experiment=digits_9
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("precisions", nargs="*", default=PRECISIONS, help=", ".join(PRECISIONS))
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    if unknown := set(arguments.precisions) - set(PRECISIONS):
        parser.error(f"unknown precision {', '.join(sorted(unknown))}; known are {', '.join(PRECISIONS)}")
    table = Table(title=f"{arguments.model}, steps of {arguments.batch} clips", title_justify="left")
    for name in ("precision", "first step s", "median ms", "least ms", "processor ms", "device"):
        table.add_column(name, justify="left" if name in ("precision", "device") else "right")
    for name in arguments.precisions:
        first_s, steps_s, busy_s, device = call_in_process(
            measure, arguments.model, name, arguments.batch, arguments.steps
        )
        median_ms, least_ms = 1000 * float(np.median(steps_s)), 1000 * min(steps_s)
        table.add_row(
            name, f"{first_s:.1f}", f"{median_ms:.1f}", f"{least_ms:.1f}", f"{1000 * busy_s:.1f}", device
        )
    Console().print(table)


def measure(model_name: str, precision: str, batch: int, steps: int) -> tuple[float, list[float], float, str]:
    """Returns the seconds of the first step and of each other step, the processor seconds of a step, and the device."""
    redirect_native_stderr(Path("/dev/null"))
    from kwspipe import models

    settings = _settings("train/_common.yaml") | _settings("train/finetune.yaml")
    changes = {"batch_size": batch, "precision": precision}
    train = TrainConfig(**settings | changes)
    placement = devices.prepare(train)
    network = TypeAdapter(ModelConfig).validate_json(json.dumps(_settings(f"model/{model_name}.yaml")))
    model = compiled(models.build(network, SHAPE, CLASSES), train, 1e-3, None)
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
    return times_s[0], times_s[1:], float(np.median(busy_s[1:])), str(placement.device)


def _settings(path: str) -> dict[str, Any]:
    settings = OmegaConf.to_container(OmegaConf.load(CONF / path))
    return {str(key): value for key, value in settings.items() if key != "defaults"}  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
