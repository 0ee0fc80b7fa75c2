"""Stage ``quantize``: converts the trained network to int8 and compiles the model image."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kwspipe import __version__
from kwspipe.config import DetectorConfig, PipelineConfig
from kwspipe.core.model_runner import CoreModel
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.device.golden import GoldenVectors
from kwspipe.files.process import call_in_process
from kwspipe.metrics.quantization_loss import check_quantization_loss
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.stages.model_files import GOLDEN_INPUTS, check_profiler, compile_image, write_model
from kwspipe.streaming.detector_choice import choose_thresholds
from kwspipe.terminal.lines import console, print_line
from kwspipe.tflite.metadata import write_parameters
from kwspipe.tflite.parameters import run_parameters
from kwspipe.training import devices
from kwspipe.training.features import calibration_features, split_features
from kwspipe.training.state import WEIGHTS
from kwspipe.transfer.class_table_file import read_classes

THREADS = 2


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes the .tflite files, labels.txt, the model image, its golden inputs, summary and profile in ``folder``."""
    from kwspipe import models
    from kwspipe.tflite import conversion, reference

    devices.use_cpu()
    store = ClipStore(run_dir / "prepare")
    features, targets = split_features(store, config.frontend, "validation")
    trained = run_dir / "train"
    classes = read_classes(trained)
    model = models.build_merged(config.model, features.shape[1:], classes.labels)
    model.load_weights(trained / WEIGHTS)
    print_line("converting to float and to int8")
    clips = calibration_features(store, config.frontend, config.quantize.representative_clips)
    float_model = conversion.to_float(model)
    int8_model = conversion.to_int8(model, float_model, clips)
    deployed = _with_parameters(int8_model, config, config.detector, store.labels, trained)
    image, summary = compile_image(deployed, config, config.detector, store.labels)
    tuned = choose_thresholds(image, config.detector, store, config.stream, config.seed, console())
    if tuned.detector != config.detector:
        deployed = _with_parameters(int8_model, config, tuned.detector, store.labels, trained)
        image, summary = compile_image(deployed, config, tuned.detector, store.labels)
    float_right = reference.run(float_model, features, "validation").argmax(axis=1) == targets
    # The C core equals the reference kernels and is faster.
    int8_right = CoreModel(image).run(features, threads=THREADS).argmax(axis=1) == targets
    check_quantization_loss(float_right, int8_right, config.quantize.max_accuracy_drop)
    accuracies = {"float": float(np.mean(float_right)), "int8": float(np.mean(int8_right))}
    inputs = features[:GOLDEN_INPUTS]
    # Golden outputs come from a process without TensorFlow. The device follows the kernels of tflite-runtime, which
    # round fully connected layers twice. TensorFlow 2.21 rounds them once.
    golden = GoldenVectors(inputs, call_in_process(reference.raw, deployed, inputs, "golden outputs"))
    (folder / "float.tflite").write_bytes(float_model)
    write_json(folder / "summary.json", {"validation_accuracy": accuracies, "thresholds": tuned.facts})
    write_model(config, deployed, image, summary, store.labels, golden, folder)
    float_text, int8_text = (f"{100 * accuracies[form]:.1f} %" for form in ("float", "int8"))
    print_line(f"validation, {len(targets):,} clips: {int8_text} correct, float {float_text}")


def _with_parameters(
    int8_model: bytes,
    config: PipelineConfig,
    detector: DetectorConfig,
    labels: tuple[str, ...],
    trained: Path,
) -> bytes:
    """Embeds the parameters of the device. The date is that of the training, so that the file is repeatable."""
    description = f"keyword spotter for {', '.join(config.dataset.words)}, by kwspipe {__version__}"
    date = datetime.fromtimestamp((trained / WEIGHTS).stat().st_mtime, UTC)
    parameters = run_parameters(int8_model, config, detector, labels, description, date)
    return write_parameters(int8_model, parameters)


STAGE = Stage(
    name="quantize",
    reads=("name", "seed", "dataset", "frontend", "model", "quantize", "detector", "stream"),
    needs=("prepare", "train"),
    run=run,
    check=check_profiler,
)
