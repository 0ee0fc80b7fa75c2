"""Files of a quantized model, written by the stages quantize and import."""

from pathlib import Path

import numpy as np

from kwspipe.compiler import summary as report
from kwspipe.compiler.compile import ImageSummary, compile_model
from kwspipe.config import DetectorConfig, PipelineConfig
from kwspipe.core.detector import pack_settings
from kwspipe.core.frontend import FrontEnd
from kwspipe.device.golden import GoldenVectors
from kwspipe.device.prerequisites import check_board
from kwspipe.device.profile import count_instructions
from kwspipe.terminal.lines import print_line

GOLDEN_INPUTS = 64  # board.golden_inputs selects how many of them a board computes


def check_profiler(config: PipelineConfig) -> None:
    """Checks the prerequisites of the instruction count per layer.

    Raises:
        KwspipeError: the emulator or the compiler of the emulated board is missing.
    """
    check_board(None, config.quantize.count_instructions)


def compile_image(
    deployed: bytes,
    config: PipelineConfig,
    detector: DetectorConfig,
    labels: tuple[str, ...],
    name: str | None = None,
) -> tuple[bytes, ImageSummary]:
    """Returns the model image, with front-end tables and detector settings, and its summary.

    Args:
        deployed: the int8 model.
        config: provides the front end.
        detector: settings of the detector.
        labels: (classes,) in the order of the model's outputs.
        name: of the model. Without it, the image has the name of the run.
    """
    settings = pack_settings(detector, labels)
    return compile_model(deployed, labels, FrontEnd(config.frontend).tables, settings, name or config.name)


def write_model(
    config: PipelineConfig,
    deployed: bytes,
    image: bytes,
    summary: ImageSummary,
    labels: tuple[str, ...],
    golden: GoldenVectors,
    folder: Path,
) -> None:
    """Writes the files that ``quantize/`` contains for each model, trained or imported."""
    (folder / "model.tflite").write_bytes(deployed)
    (folder / "model.kws").write_bytes(image)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    np.savez(folder / "golden.npz", inputs=golden.inputs, outputs=golden.outputs)
    instructions = _instructions(image, golden) if config.quantize.count_instructions else None
    report.write_summary(folder / "summary.txt", config.name, labels, summary, instructions)
    report.write_profile(folder / "profile.csv", summary, instructions)
    cost = f", {sum(instructions):,} instructions on the emulated board" if instructions is not None else ""
    print_line(f"one inference: {summary.num_macs:,} multiply-accumulates{cost}")
    print_line(f"image {summary.image_bytes:,} bytes, tensor arena {summary.arena_bytes:,} bytes")
    print_line(f"cost of the {len(summary.layers)} layers: quantize/summary.txt")


def _instructions(image: bytes, golden: GoldenVectors) -> tuple[int, ...]:
    """Returns the instructions of each layer on the emulated board."""
    print_line("counting instructions on the emulated board")
    return tuple(
        count_instructions(image, GoldenVectors(golden.inputs[:1].reshape(1, -1), golden.outputs[:1]))
    )
