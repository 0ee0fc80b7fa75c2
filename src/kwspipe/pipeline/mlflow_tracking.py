"""MLflow tracking: parameters, metrics and artifacts of a run."""

import csv
import importlib.util
import json
import logging
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

from kwspipe import __version__
from kwspipe.config import PipelineConfig
from kwspipe.config.parse import to_mapping
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import text_hash
from kwspipe.runs.artifacts import code_hash, read_manifest, write_json

RECORD = ".mlflow.json"
SQLITE = "sqlite:///"
ARTEFACTS = (
    "config.yaml", "report.html", "quantize/model.tflite", "quantize/model.kws", "quantize/labels.txt",
    "quantize/summary.txt", "evaluate/metrics.json", "evaluate/confusion.png", "evaluate/det.png", "evaluate/roc.png",
    "evaluate/precision_recall.png", "evaluate/training.png", "train/history.csv",
)  # fmt: skip
# Keys that do not change the results of a run.
NOT_PARAMETERS = frozenset({"run_dir", "stages", "from", "force", "tracking"})
BATCH = 100  # maximum number of parameters or metrics in a request to MLflow
MAX_VALUE = 6000  # maximum number of characters of a parameter


def check(config: PipelineConfig) -> None:
    """Checks that MLflow is installed if it is configured.

    Raises:
        KwspipeError: MLflow is not installed.
    """
    if config.tracking.name == "mlflow" and importlib.util.find_spec("mlflow") is None:
        raise KwspipeError(
            "tracking",
            "the package mlflow is not installed",
            "the extra `mlflow`, or tracking=none",
            "pip install 'kwspipe[mlflow]'",
        )


def is_current(config: PipelineConfig, run_dir: Path) -> bool:
    """Returns whether the run is logged already. The function does not import MLflow."""
    if config.tracking.name == "none":
        return True
    return _read(run_dir / RECORD).get("digest") == _digest(config, run_dir, _absolute(config.tracking.uri))


def track(config: PipelineConfig, run_dir: Path) -> None:
    """Logs the state of a run as a new MLflow run. It imports MLflow, so that the caller starts a process for it.

    Raises:
        KwspipeError: the tracking store is not reachable or not writable.
    """
    # Disables telemetry, and the warning without git.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from mlflow.exceptions import MlflowException

    logging.getLogger("mlflow").setLevel(logging.WARNING)

    assert config.tracking.name == "mlflow"
    uri = _absolute(config.tracking.uri)
    digest, record = _digest(config, run_dir, uri), _read(run_dir / RECORD)
    try:
        if uri.startswith(SQLITE):
            database = Path(uri.removeprefix(SQLITE))
            database.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{database}.lock"):  # jobs of a sweep may create the tables concurrently
                _log(
                    config,
                    config.tracking.experiment,
                    run_dir,
                    uri,
                    str(database.parent / "mlflow"),
                    digest,
                    record,
                )
        else:
            _log(config, config.tracking.experiment, run_dir, uri, None, digest, record)
    except MlflowException as error:
        raise KwspipeError(
            "tracking.uri",
            f"MLflow cannot use {uri}: {str(error).splitlines()[0]}",
            "a file below a folder you may write to (sqlite:///runs/mlflow.db), or the address of a server",
            "correct tracking.uri, or leave out tracking=mlflow; the run itself is complete",
        ) from None


def _log(
    config: PipelineConfig,
    name: str,
    run_dir: Path,
    uri: str,
    artefacts: str | None,
    digest: str,
    record: dict[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    found = client.get_experiment_by_name(name)
    location = None if artefacts is None else f"{artefacts}/{name}"
    experiment = found.experiment_id if found else client.create_experiment(name, location)
    if "begun" in record:  # by a killed attempt
        client.delete_run(record["begun"])
    tags = [RunTag("run_dir", str(run_dir)), RunTag("kwspipe", __version__), RunTag("code", code_hash()[:12])]
    run = client.create_run(experiment, run_name=run_dir.name, tags={tag.key: tag.value for tag in tags})
    identifier = run.info.run_id
    write_json(run_dir / RECORD, {"begun": identifier})
    now_ms = int(time.time() * 1000)
    parameters = [Param(key, value[:MAX_VALUE]) for key, value in _parameters(config)]
    metrics = [Metric(key, value, now_ms, step) for key, value, step in _metrics(run_dir)]
    for begin in range(0, max(len(parameters), len(metrics)), BATCH):
        client.log_batch(identifier, metrics[begin : begin + BATCH], parameters[begin : begin + BATCH])
    for name in ARTEFACTS:
        if (run_dir / name).is_file():
            client.log_artifact(identifier, str(run_dir / name), str(Path(name).parent).lstrip(".") or None)
    client.set_terminated(identifier)
    write_json(run_dir / RECORD, {"run": identifier, "digest": digest})


def _parameters(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    for key, value in to_mapping(config).items():
        if key not in NOT_PARAMETERS:
            yield from _flat(key, value)


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    else:
        yield key, value if isinstance(value, str) else json.dumps(value)


def _metrics(run_dir: Path) -> Iterator[tuple[str, float, int]]:
    """Yields name, value and step of each metric: training by epoch, then the evaluation."""
    history = run_dir / "train" / "history.csv"
    if history.is_file():
        with history.open(newline="") as file:
            for row in csv.DictReader(file):
                epoch = int(row.pop("epoch")) + 1  # history.csv counts from 0
                for key, text in row.items():
                    yield f"train.{key}", float(text), epoch
    metrics = run_dir / "evaluate" / "metrics.json"
    if metrics.is_file():
        yield from _numbers("", json.loads(metrics.read_text()))


def _numbers(key: str, value: Any) -> Iterator[tuple[str, float, int]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(f"{key}.{name}" if key else name, inner)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield key, float(value), 0


def _digest(config: PipelineConfig, run_dir: Path, uri: str) -> str:
    """Returns the SHA-256 of the content to log and of its destination."""
    outputs = {
        path.parent.name: read_manifest(path.parent) for path in sorted(run_dir.glob("*/manifest.json"))
    }
    return text_hash(json.dumps([uri, list(_parameters(config)), outputs], sort_keys=True))


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def _absolute(uri: str) -> str:
    path = uri.removeprefix(SQLITE)
    return SQLITE + str(Path(path).expanduser().resolve()) if uri.startswith(SQLITE) else uri
