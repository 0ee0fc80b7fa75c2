"""Run directories with a small model for unit tests, written by the functions of the stages."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse
from kwspipe.exchange.external_model import apply_model_settings
from kwspipe.metrics import clips, predictions
from kwspipe.runs.artifacts import Fingerprint, outputs_hash, read_manifest
from kwspipe.runs.stage_folder import stage_folder
from kwspipe.stages import import_model
from kwspipe.tflite.metadata import write_parameters
from kwspipe.tflite.parameters import model_parameters
from support.composed import composed
from support.small_model import LABELS, small_tflite

DATE = datetime(2024, 5, 1, tzinfo=UTC)


def composed_config(*overrides: str) -> PipelineConfig:
    """Returns the configuration of these overrides, parsed as on the command line."""
    config = composed(*overrides)
    apply_model_settings(config, list(overrides))
    return parse(config)


def tflite_with_parameters(seed: int, **changes: Any) -> bytes:
    """Returns the small model with the parameters of a device. ``changes`` replace parameters; None omits one."""
    config = composed_config("+experiment=digits_3", "detector.target_false_accepts_per_hour=null")
    settings = {
        "name": "small", "description": "a test", "version": 1, "labels": LABELS, "frontend": config.frontend,
        "detector": config.detector, "runtime_memory_size": 1, "date": DATE,
    }  # fmt: skip
    model = small_tflite(seed)
    parameters = model_parameters(model, **settings) | changes
    return write_parameters(model, {key: value for key, value in parameters.items() if value is not None})


def write_stage(run_dir: Path, stage: str, files: dict[str, bytes], config: dict, inputs: dict) -> None:
    """Writes the folder of a stage with its manifest."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with stage_folder(run_dir / stage, Fingerprint(config, inputs, "code")) as folder:
        for name, data in files.items():
            (folder / name).write_bytes(data)


def stage_hash(run_dir: Path, stage: str) -> str:
    """Returns the hash of the outputs of a stage that manifests of later stages contain."""
    manifest = read_manifest(run_dir / stage)
    assert manifest is not None
    return outputs_hash(manifest)


def make_run(run_dir: Path, seed: int = 0, right: int = 30, first_clip: int = 0) -> Path:
    """Writes a run with 40 test clips, of which the first ``right`` are classified correctly."""
    model = run_dir.with_suffix(".tflite")
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_bytes(tflite_with_parameters(seed))
    config = composed_config(
        f"name={run_dir.name}", f"import.path={model}", "quantize.count_instructions=false"
    )
    quantized = Fingerprint({"name": config.name, "frontend": vars(config.frontend)}, {}, "code")
    run_dir.mkdir()
    with stage_folder(run_dir / "quantize", quantized) as folder:
        import_model.run(config, run_dir, folder)
    targets = np.arange(40) % 4
    scores = np.eye(4)[np.where(np.arange(40) < right, targets, (targets + 1) % 4)] * 0.9 + 0.02
    paths = [f"clip{first_clip + number}.wav" for number in range(40)]
    summary = {
        "labels": list(LABELS), "source_used": "folder", "synthetic": False,
        "speakers": {"training": 3, "validation": 1, "testing": 2},
        "counts": {label: {"training": 5, "validation": 1, "testing": 10} for label in LABELS},
    }  # fmt: skip
    write_stage(run_dir, "prepare", {"summary.json": json.dumps(summary).encode()}, {"seed": 42}, {})
    metrics = {kind: clips.measure(targets, scores, LABELS) for kind in ("int8", "device")}
    predictions.write(run_dir / "p.csv", paths, targets, scores, LABELS)
    files = {
        "metrics.json": json.dumps(
            metrics | {"data": summary, "parity": {"clips": 40, "equal": 40}}
        ).encode(),
        "predictions.csv": (run_dir / "p.csv").read_bytes(),
    }
    (run_dir / "p.csv").unlink()
    inputs = {stage: stage_hash(run_dir, stage) for stage in ("prepare", "quantize")}
    write_stage(run_dir, "evaluate", files, {"evaluate": {"max_mistakes": 200}}, inputs)
    return run_dir
