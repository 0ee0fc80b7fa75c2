"""Device and precision of a training. They are chosen without TensorFlow and then set in TensorFlow."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kwspipe.config import TrainConfig
from kwspipe.runs.artifacts import FACTS, write_json
from kwspipe.terminal.lines import print_line

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
# Compute capabilities from which NVIDIA's Tensor Cores multiply the type: Volta, Ampere (CUDA C++ Programming Guide).
FAST_FROM = {"mixed_float16": (7, 0), "mixed_bfloat16": (8, 0)}
# The deterministic mode of TensorFlow has no gradient of the filter of a depthwise convolution on a GPU without cuDNN,
# and raises an error instead (RFC 20210119-determinism).
GPU_VARIES = "depthwise convolutions have no deterministic gradient on GPUs"


@dataclass(frozen=True)
class Device:
    """A device of TensorFlow.

    Attributes:
        name: ``GPU:<number>``, or ``CPU``.
        model: name of the model from the driver; empty for the CPU.
        compute_capability: of an NVIDIA GPU; None if the driver does not report it.
    """

    name: str
    model: str = ""
    compute_capability: tuple[int, int] | None = None

    @property
    def is_gpu(self) -> bool:
        """True for a GPU, false for the CPU."""
        return self != CPU

    def __str__(self) -> str:
        return f"{self.name} ({self.model})" if self.is_gpu else f"the {self.name}"


CPU = Device("CPU")


@dataclass(frozen=True)
class Placement:
    """Device and precision of a training.

    Attributes:
        device: the first GPU, or the CPU.
        precision: ``train.precision``.
        warnings: sentences for the user.
    """

    device: Device
    precision: str
    warnings: tuple[str, ...] = ()

    @property
    def varies_because(self) -> str | None:
        """The reason why two trainings with the same seed may differ in some bits; None if they do not differ."""
        return GPU_VARIES if self.device.is_gpu else None

    def __str__(self) -> str:
        text = f"{self.device}, {self.precision}"
        return text + (f"; not repeatable to the bit: {self.varies_because}" if self.varies_because else "")

    def announce(self) -> None:
        """Prints the warnings, and a line with device and precision."""
        for warning in self.warnings:
            print_line(warning, "yellow")
        print_line(f"on {self}")

    def note(self, folder: Path, epoch: int) -> None:
        """Writes the device for the manifest of the stage.

        Args:
            folder: of the stage.
            epoch: first epoch that is trained on the device. An interrupted attempt may have used another device.
        """
        path = folder / FACTS
        past = json.loads(path.read_text())["trained"] if path.is_file() else []
        now = {
            "devices": [str(self.device) if self.device.is_gpu else self.device.name],
            "precision": self.precision,
            "deterministic": self.varies_because is None,
            "varies_because": self.varies_because,
        }
        past = [entry for entry in past if entry["from_epoch"] < epoch]
        if not past or {**past[-1], "from_epoch": epoch} != {"from_epoch": epoch, **now}:
            past.append({"from_epoch": epoch, **now})
        write_json(path, {"deterministic": all(entry["deterministic"] for entry in past), "trained": past})


def choose(precision: str, gpus: Sequence[Device], has_driver: bool = False) -> Placement:
    """Returns the first GPU if there is one, otherwise the CPU, with warnings for the user.

    Args:
        precision: ``train.precision``.
        gpus: GPUs that TensorFlow finds.
        has_driver: the machine has the driver of a GPU.
    """
    warnings = []
    if has_driver and not gpus:
        warnings.append(
            "there is an NVIDIA driver, but TensorFlow finds no GPU: "
            "pip install 'kwspipe[gpu]' installs the CUDA libraries"
        )
    device = gpus[0] if gpus else CPU
    if precision != "float32":
        warnings += _slow(precision, device)
    return Placement(device, precision, tuple(warnings))


def _slow(precision: str, device: Device) -> list[str]:
    """Returns a warning if the mixed precision is not faster on the device (figures: docs/gpu.md)."""
    if not device.is_gpu:
        return [f"train.precision={precision} is slower than float32 on a CPU"]
    capability = device.compute_capability
    if capability is None or capability >= FAST_FROM[precision]:
        return []
    own, needed = (".".join(map(str, version)) for version in (capability, FAST_FROM[precision]))
    return [
        f"train.precision={precision} is not faster than float32 on {device}: its compute capability is {own}, "
        f"and Tensor Cores support it from {needed} on"
    ]


def prepare(config: TrainConfig) -> Placement:
    """Chooses the device and configures TensorFlow, which must not have executed an operation before."""
    import keras
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    devices = [
        Device(f"GPU:{number}", found.get("device_name", "GPU"), found.get("compute_capability"))
        for number, found in enumerate(details)
    ]
    placement = choose(config.precision, devices, NVIDIA_DRIVER.exists())
    tf.config.set_visible_devices(gpus[:1], "GPU")  # otherwise TensorFlow allocates memory on all GPUs
    for gpu in gpus[:1]:  # otherwise TensorFlow allocates the memory of the GPU that other jobs need
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.threading.set_intra_op_parallelism_threads(config.threads)
    tf.config.threading.set_inter_op_parallelism_threads(config.threads)
    keras.config.set_dtype_policy(config.precision)
    if placement.varies_because is None:
        tf.config.experimental.enable_op_determinism()
    return placement


def use_cpu() -> None:
    """Hides the GPUs from TensorFlow, which would allocate their memory without using it."""
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
