"""Stage ``import``: writes the artifacts of the stage quantize from an external model."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwspipe.config import FrontendConfig, PipelineConfig
from kwspipe.config.stage_order import IMPORT
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.model_runner import CoreModel
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.device.golden import GoldenVectors
from kwspipe.errors import KwspipeError
from kwspipe.exchange.external_model import read_model
from kwspipe.files.hashing import file_hash
from kwspipe.runs.artifacts import outputs_hash, read_manifest, write_json
from kwspipe.stages import Stage
from kwspipe.stages.model_files import GOLDEN_INPUTS, check_profiler, compile_image, write_model
from kwspipe.streaming.detector_choice import choose_thresholds
from kwspipe.terminal.lines import console, print_line
from kwspipe.tflite import reference


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes the .tflite, labels.txt, the model image, its golden inputs, summary and profile in ``folder``."""
    path = _path(config)
    check_run_dir(run_dir)
    model = read_model(path, config.import_model.labels)
    for group, settings in (("frontend", model.frontend), ("detector", model.detector)):
        if settings is None:
            print_line(f"the model has no {group} settings: those of the configuration are used", "yellow")
    image, summary = compile_image(model.tflite, config, config.detector, model.labels, model.name)
    _check_shape(path, CoreModel(image).input_shape, FrontEnd(config.frontend))
    facts = None
    if config.detector.target_false_accepts_per_hour is not None:  # set on the command line only
        store = ClipStore(run_dir / "prepare")
        tuned = choose_thresholds(image, config.detector, store, config.stream, config.seed, console())
        image, summary = compile_image(model.tflite, config, tuned.detector, model.labels, model.name)
        facts = tuned.facts
    proof = golden_inputs(config.frontend)
    golden = GoldenVectors(proof, reference.raw(model.tflite, proof, "golden outputs"))
    if model.float_tflite is not None:
        (folder / "float.tflite").write_bytes(model.float_tflite)
    write_json(
        folder / "summary.json",
        {"adopted": path.name, "sha256": sources(config)["model"], "thresholds": facts},
    )
    write_model(config, model.tflite, image, summary, model.labels, golden, folder)
    print_line(f"imported {path.name}: {', '.join(model.labels)}")


def check_run_dir(run_dir: Path) -> None:
    """Checks that the run directory has no trained model, which the import would replace.

    Raises:
        KwspipeError: the run directory contains a training.
    """
    if (run_dir / "train").exists():
        raise KwspipeError(
            str(run_dir),
            "a model was trained here, and import.path would replace it",
            "another run directory for an external model",
            "set name=..., or leave out import.path",
        )


def golden_inputs(frontend: FrontendConfig) -> npt.NDArray[np.int8]:
    """Returns fixed inputs that need no recordings.

    Returns:
        (64, frames, channels) int8: extreme values, random values, and features of tones and noise with varying level.
    """
    front_end = FrontEnd(frontend)
    random = np.random.default_rng(0)
    shape = (GOLDEN_INPUTS // 4, front_end.num_frames, front_end.num_channels)
    drawn = random.integers(-128, 128, shape).astype(np.int8)
    drawn[0], drawn[1], drawn[2] = -128, 127, 0
    num_clips, length = GOLDEN_INPUTS - len(drawn), front_end.clip_samples
    noise = random.normal(0, 1, (num_clips, length))
    swell = np.sin(np.linspace(0, np.pi, length) * random.uniform(1, 8, (num_clips, 1))) ** 2
    tone = np.sin(np.cumsum(random.uniform(0.02, 1.2, (num_clips, 1)) * (1 + swell), axis=1))
    level = 10 ** random.uniform(1.5, 4, (num_clips, 1))
    clips = np.clip((noise / 3 + tone) * swell * level, -32768, 32767).astype(np.int16)
    return np.concatenate([drawn, front_end.features(clips)])


def sources(config: PipelineConfig) -> dict[str, str]:
    """Returns the hash of the model and, if thresholds are chosen on the prepared clips, that of the clips."""
    path = _path(config)
    inside = path / "quantize" / "model.tflite"
    hashes = {"model": file_hash(inside if path.is_dir() else path)} if path.exists() else {}
    prepared = read_manifest(Path(config.run_dir).expanduser() / "prepare")
    if prepared and config.detector.target_false_accepts_per_hour is not None:
        hashes["prepare"] = outputs_hash(prepared)
    return hashes


def _path(config: PipelineConfig) -> Path:
    assert config.import_model.path is not None  # the pipeline runs this stage if it is set
    return Path(config.import_model.path).expanduser()


def _check_shape(path: Path, shape: tuple[int, int, int], front_end: FrontEnd) -> None:
    frames, channels = front_end.num_frames, front_end.num_channels
    if int(np.prod(shape)) != frames * channels:
        raise KwspipeError(
            str(path),
            f"an input of {' x '.join(map(str, shape))} values",
            f"{frames} frames of {channels} channels, the output of the configured front end",
            "set frontend.* to the settings of the model's training",
        )


STAGE = Stage(
    name=IMPORT,
    writes="quantize",
    reads=("name", "seed", IMPORT, "frontend", "quantize", "detector", "stream"),
    needs=(),
    run=run,
    check=check_profiler,
    sources=sources,
)
