"""What a training runs on: devices, precision, XLA. Chosen without TensorFlow, then set in it."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from kwspipe.config import TrainConfig
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import FACTS, write_json

CPU = "CPU"
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
# Compute capabilities from which NVIDIA's Tensor Cores multiply the type: Volta, Ampere (CUDA C++ Programming Guide).
FAST_FROM = {"mixed_float16": (7, 0), "mixed_bfloat16": (8, 0)}
# Why two trainings of one seed may differ. TensorFlow's deterministic mode, on a GPU, has no gradient of a depthwise
# convolution's filter without cuDNN, and raises instead (RFC 20210119-determinism); Keras refuses XLA within it.
GPU_VARIES = "depthwise convolutions have no deterministic gradient on GPUs"
XLA_VARIES = "XLA promises no order of sums"


@dataclass(frozen=True)
class Device:
    """One that TensorFlow has.

    Attributes:
        name: ``GPU:<number>`` or ``CPU:<number>``.
        model: as its driver names it; empty for the CPU.
        compute_capability: of NVIDIA's GPUs; None where the driver tells none.
    """

    name: str
    model: str = ""
    compute_capability: tuple[int, int] | None = None

    @property
    def is_gpu(self) -> bool:
        """A GPU, or the CPU or a part of it."""
        return not self.name.startswith(CPU)

    def __str__(self) -> str:
        return f"{self.name} ({self.model})" if self.model else self.name


@dataclass(frozen=True)
class Placement:
    """What a training runs on.

    Attributes:
        devices: one, or those that a batch is divided among.
        precision: ``train.precision``.
        xla: ``train.xla``.
        warnings: what the user asked for and will not get, or not like.
    """

    devices: tuple[Device, ...]
    precision: str
    xla: bool
    warnings: tuple[str, ...] = ()

    @property
    def mirrored(self) -> bool:
        """Whether batches are divided."""
        return len(self.devices) > 1

    @property
    def varies_because(self) -> str | None:
        """Why two trainings of one seed may differ in some bits; None where they do not."""
        if self.xla:
            return XLA_VARIES
        return GPU_VARIES if self.devices[0].is_gpu else None

    def __str__(self) -> str:
        one = str(self.devices[0]) if self.devices[0].is_gpu else "the CPU"
        text = " and ".join(map(str, self.devices)) + ", each batch divided" if self.mirrored else one
        text += f", {self.precision}" + (", XLA" if self.xla else "")
        return text + (f"; not repeatable to the bit: {self.varies_because}" if self.varies_because else "")

    def announce(self) -> None:
        """Says it in a line, and the warnings."""
        console = Console(stderr=True, highlight=False)
        for warning in self.warnings:
            console.print(f"    [yellow]{escape(warning)}[/]")
        console.print(f"    on {escape(str(self))}")

    def scope(self) -> AbstractContextManager[Any]:
        """Returns the context in which network and optimizer have to be made."""
        if not self.mirrored:
            return nullcontext()
        kind = "GPU" if self.devices[0].is_gpu else CPU
        # Numbered from 0, whatever they are called outside: others are hidden by now.
        scope: AbstractContextManager[Any] = _strategy(kind, len(self.devices)).scope()
        return scope

    def note(self, folder: Path, epoch: int) -> None:
        """Leaves, for the stage's manifest, what trains from ``epoch`` on; an earlier attempt may have had others."""
        path = folder / FACTS
        past = json.loads(path.read_text())["trained"] if path.is_file() else []
        now = {
            "devices": [str(device) for device in self.devices] if self.devices[0].is_gpu else [CPU],
            "parts": len(self.devices),
            "precision": self.precision,
            "xla": self.xla,
            "deterministic": self.varies_because is None,
            "varies_because": self.varies_because,
        }
        past = [entry for entry in past if entry["from_epoch"] < epoch]
        if not past or {**past[-1], "from_epoch": epoch} != {"from_epoch": epoch, **now}:
            past.append({"from_epoch": epoch, **now})
        write_json(path, {"deterministic": all(entry["deterministic"] for entry in past), "trained": past})


def choose(config: TrainConfig, gpus: Sequence[Device], driver: bool = False) -> Placement:
    """Decides what to train on.

    Args:
        config: what the user asks for.
        gpus: that TensorFlow finds.
        driver: there is a GPU's driver, whatever TensorFlow finds.

    Raises:
        KwspipeError: a device that is not there, or a batch that cannot be divided.
    """
    warnings = []
    if not gpus and driver and not (config.devices or ("",))[0].startswith(CPU):
        warnings.append(
            "there is an NVIDIA driver, but TensorFlow finds no GPU: pip install 'kwspipe[gpu]' brings CUDA's libraries"
        )
    if config.devices is not None:
        devices = tuple(_named(name, gpus) for name in config.devices)
    elif config.strategy == "mirrored":
        devices = tuple(gpus) or (Device(f"{CPU}:0"),)
    else:
        devices = tuple(gpus[:1]) or (Device(f"{CPU}:0"),)
    if config.batch_size % len(devices):
        fitting = config.batch_size // len(devices) * len(devices) or len(devices)
        raise KwspipeError(
            "train.batch_size",
            f"{config.batch_size} clips to divide among {len(devices)} devices",
            f"a multiple of {len(devices)}, so that each gets as many",
            f"set train.batch_size={fitting}, or name fewer in train.devices",
        )
    if config.strategy == "mirrored" and len(devices) == 1:
        there = f"{devices[0]} is the only device" if devices[0].is_gpu else "there is no GPU"
        warnings.append(f"train.strategy=mirrored: {there}; it trains as with train.strategy=none")
    warnings += _slow(config, devices)
    return Placement(devices, config.precision, config.xla, tuple(warnings))


@cache
def _strategy(kind: str, parts: int) -> Any:
    """The same one every time: two would number their collective operations alike, and wait for each other's."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(parts)])


def _named(name: str, gpus: Sequence[Device]) -> Device:
    if name.startswith(CPU):
        return Device(name)
    for gpu in gpus:
        if gpu.name == name:
            return gpu
    found = ", ".join(map(str, gpus)) or "no GPU"
    raise KwspipeError(
        "train.devices",
        f"{name}, where TensorFlow finds {found}",
        ", ".join([*(gpu.name for gpu in gpus), f"{CPU}:0"]),
        "name one of these, or set train.devices=null",
    )


def _slow(config: TrainConfig, devices: Sequence[Device]) -> list[str]:
    """What the chosen devices do slower than without it (figures: docs/gpu.md)."""
    mixed = config.precision != "float32"
    if not devices[0].is_gpu:
        return [
            *([f"train.precision={config.precision} is slower than float32 on a CPU"] if mixed else []),
            *(["train.xla=true is slower than without on a CPU"] if config.xla else []),
        ]
    old = [
        device
        for device in devices
        if mixed and device.compute_capability and device.compute_capability < FAST_FROM[config.precision]
    ]
    return [
        f"train.precision={config.precision} is not faster than float32 on {device}: its compute capability is "
        f"{'.'.join(map(str, device.compute_capability or ()))}, and Tensor Cores do it from "
        f"{'.'.join(map(str, FAST_FROM[config.precision]))} on"
        for device in old
    ]


def prepare(config: TrainConfig) -> Placement:
    """Chooses, and sets TensorFlow up so: before its first operation, since it reads all this once."""
    import keras
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    about = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    found = [
        Device(f"GPU:{number}", details.get("device_name", "GPU"), details.get("compute_capability"))
        for number, details in enumerate(about)
    ]
    placement = choose(config, found, NVIDIA_DRIVER.exists())
    used = [gpus[found.index(device)] for device in placement.devices if device.is_gpu]
    tf.config.set_visible_devices(used, "GPU")  # or TensorFlow takes room on all of them
    for gpu in used:  # or it takes all of a GPU's memory, and other jobs find none
        tf.config.experimental.set_memory_growth(gpu, True)
    if placement.mirrored and not used:
        part = tf.config.LogicalDeviceConfiguration()
        cpu = tf.config.list_physical_devices(CPU)[0]
        tf.config.set_logical_device_configuration(cpu, [part] * len(placement.devices))
    tf.config.threading.set_intra_op_parallelism_threads(config.threads)
    tf.config.threading.set_inter_op_parallelism_threads(config.threads)
    keras.config.set_dtype_policy(config.precision)
    if placement.varies_because is None:
        tf.config.experimental.enable_op_determinism()
    return placement


def use_cpu() -> None:
    """Keeps TensorFlow off the GPUs, where it has nothing to do there: it would take their memory from other jobs."""
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
