"""quantize: the trained network as int8 .tflite, with everything a device has to know embedded."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console

from kwspipe import __version__
from kwspipe.compiler import summary as report
from kwspipe.compiler.compile import ImageSummary, compile_model
from kwspipe.config import DetectorConfig, PipelineConfig
from kwspipe.core.detector import pack_settings
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.model_runner import CoreModel
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.device.profile import count_instructions
from kwspipe.device.push import Golden
from kwspipe.errors import KwspipeError
from kwspipe.files.process import call_in_process
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.streaming.detector_choice import choose_thresholds
from kwspipe.tflite.metadata import write_parameters
from kwspipe.tflite.parameters import run_parameters
from kwspipe.training import devices
from kwspipe.training.data import calibration_features, split_features
from kwspipe.training.state import WEIGHTS
from kwspipe.transfer.class_table_file import read_classes

THREADS = 2
GOLDEN_INPUTS = 64  # board.golden_inputs says how many of them a board has to prove itself on


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves the .tflite files, labels.txt, the model image, its golden inputs, summary and profile in ``folder``."""
    from kwspipe import models
    from kwspipe.tflite import conversion, reference

    devices.use_cpu()
    store = ClipStore(run_dir / "prepare")
    features, targets = split_features(store, config.frontend, "validation")
    trained = run_dir / "train"
    classes = read_classes(trained)
    model = models.build_merged(config.model, features.shape[1:], classes.labels)
    model.load_weights(trained / WEIGHTS)
    console = Console(stderr=True, highlight=False)
    console.print("    converting to float and to int8")
    clips = calibration_features(store, config.frontend, config.quantize.representative_clips)
    float_model = conversion.to_float(model)
    int8_model = conversion.to_int8(model, float_model, clips)
    deployed = _with_parameters(int8_model, config, config.detector, store.labels, trained)
    image, summary = compile_image(deployed, config, config.detector, store.labels)
    tuned = choose_thresholds(image, config.detector, store, config.stream, config.seed, console)
    if tuned.detector != config.detector:
        deployed = _with_parameters(int8_model, config, tuned.detector, store.labels, trained)
        image, summary = compile_image(deployed, config, tuned.detector, store.labels)
    float_right = reference.run(float_model, features, "validation").argmax(axis=1) == targets
    # The core equals the reference kernels, and is faster.
    int8_right = CoreModel(image).run(features, threads=THREADS).argmax(axis=1) == targets
    check_loss(float_right, int8_right, config.quantize.max_accuracy_drop)
    accuracies = {"float": float(np.mean(float_right)), "int8": float(np.mean(int8_right))}
    proof = features[:GOLDEN_INPUTS]
    # In a process without TensorFlow: the device follows tflite-runtime's kernels, and TensorFlow 2.21 rounds fully
    # connected layers once where tflite-runtime rounds twice.
    golden = Golden(proof, call_in_process(reference.raw, deployed, proof, "golden outputs"))
    (folder / "float.tflite").write_bytes(float_model)
    write_json(folder / "summary.json", {"validation_accuracy": accuracies, "thresholds": tuned.facts})
    write_model(config, deployed, image, summary, store.labels, golden, folder)
    console.print(f"    validation accuracy: float {accuracies['float']:.1%}, int8 {accuracies['int8']:.1%}")


def compile_image(
    deployed: bytes, config: PipelineConfig, detector: DetectorConfig, labels: tuple[str, ...]
) -> tuple[bytes, ImageSummary]:
    """Returns the model image, with the front end's tables and the detector's settings in it, and its summary."""
    settings = pack_settings(detector, labels)
    return compile_model(deployed, labels, FrontEnd(config.frontend).tables, settings, config.name)


def write_model(
    config: PipelineConfig,
    deployed: bytes,
    image: bytes,
    summary: ImageSummary,
    labels: tuple[str, ...],
    golden: Golden,
    folder: Path,
) -> None:
    """Leaves the files that every model has in ``quantize/``, wherever it was trained."""
    (folder / "model.tflite").write_bytes(deployed)
    (folder / "model.kws").write_bytes(image)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    np.savez(folder / "golden.npz", inputs=golden.inputs, outputs=golden.outputs)
    report.write_summary(folder / "summary.txt", config.name, labels, summary)
    _write_profile(config, image, summary, golden, folder)


def _write_profile(
    config: PipelineConfig, image: bytes, summary: ImageSummary, golden: Golden, folder: Path
) -> None:
    """Leaves profile.csv: what each layer costs on the device."""
    console = Console(stderr=True, highlight=False)
    instructions = None
    if config.quantize.count_instructions:
        console.print("    counting instructions on the emulated board")
        one = Golden(golden.inputs[:1].reshape(1, -1), golden.outputs[:1])
        instructions = count_instructions(image, one)
    report.write_profile(folder / "profile.csv", summary, instructions)
    report.print_profile(console, summary, instructions)
    console.print(f"    image {summary.image_bytes:,} bytes, tensor arena {summary.arena_bytes:,} bytes")


def _with_parameters(
    int8_model: bytes,
    config: PipelineConfig,
    detector: DetectorConfig,
    labels: tuple[str, ...],
    trained: Path,
) -> bytes:
    """Embeds what a device has to know; the date is the training's, so that a repeated stage gives the same file."""
    description = f"keyword spotter for {', '.join(config.dataset.words)}, by kwspipe {__version__}"
    date = datetime.fromtimestamp((trained / WEIGHTS).stat().st_mtime, UTC)
    parameters = run_parameters(int8_model, config, detector, labels, description, date)
    return write_parameters(int8_model, parameters)


def check_loss(
    float_right: npt.NDArray[np.bool_], int8_right: npt.NDArray[np.bool_], max_drop: float
) -> None:
    """Fails where int8 loses more accuracy against float than allowed.

    The loss has to exceed the limit by its standard error, the root of the clips on which the two disagree over all
    clips (the deviation of a paired difference): on fifty clips a loss of 4 % is a matter of two clips.

    Args:
        float_right: (clips,) whether float is right on each.
        int8_right: (clips,) whether int8 is.
        max_drop: loss allowed, as a share of the clips.
    """
    drop = float(np.mean(float_right) - np.mean(int8_right))
    standard_error = float(np.sqrt(np.count_nonzero(float_right != int8_right)) / len(float_right))
    if drop - standard_error > max_drop:
        raise KwspipeError(
            "quantize.max_accuracy_drop",
            f"int8 loses {drop:.3f} +- {standard_error:.3f} on validation "
            f"(float {np.mean(float_right):.3f}, int8 {np.mean(int8_right):.3f})",
            f"a loss of at most {max_drop:.3f}",
            "train longer, take more quantize.representative_clips, or accept the loss by raising the limit",
        )


STAGE = Stage(
    name="quantize",
    reads=("name", "seed", "dataset", "frontend", "model", "quantize", "detector", "stream"),
    needs=("prepare", "train"),
    run=run,
)
