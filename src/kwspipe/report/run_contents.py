"""Contents of a run directory that the report shows. Parts that do not exist are None."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from omegaconf import OmegaConf

from kwspipe.config import stage_order
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash, text_hash
from kwspipe.runs.artifacts import MANIFEST, outputs_hash, read_manifest
from kwspipe.training import history

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class TrainingHistory:
    """Metrics of each epoch.

    Attributes:
        rows: one row per epoch; epochs are numbered from 0.
        selected: index of the epoch whose weights were selected.
        monitor: column by which the epoch was selected.
    """

    rows: list[dict[str, float]]
    selected: int
    monitor: str


@dataclass(frozen=True)
class RunContents:
    """Contents of a run directory.

    Attributes:
        run_dir: the run directory.
        config: the resolved configuration; empty if the run was restored from an archive.
        manifests: manifest per stage, in the order of the pipeline. Only complete stages are included whose inputs are
            the outputs of the included stages.
        outdated: reason per excluded stage.
        summary: summary.json of prepare.
        history: history.csv of train.
        transfer: transfer.json of train.
        imported_from: file of a model that was trained outside of kwspipe.
        profile: profile.csv of quantize, one row per layer.
        metrics: metrics.json of evaluate.
        scores: scores.npz of evaluate: ``clips``, ``targets``, and scores per form of the model.
        mistakes: mistakes.csv of evaluate.
        boards: JSON files of deploy, by name of the board.
    """

    run_dir: Path
    config: dict[str, Any]
    manifests: Mapping[str, dict[str, Any]]
    outdated: Mapping[str, str]
    summary: dict[str, Any] | None
    history: TrainingHistory | None
    transfer: dict[str, Any] | None
    imported_from: str | None
    profile: Rows | None
    metrics: dict[str, Any] | None
    scores: dict[str, npt.NDArray[Any]] | None
    mistakes: Rows
    boards: dict[str, dict[str, Any]]

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the outputs of the model."""
        return list(self.metrics["int8"]["per_class"]) if self.metrics else []


def read(run_dir: Path) -> RunContents:
    """Reads a run directory.

    Raises:
        KwspipeError: a file is damaged.
    """
    manifests, outdated = _manifests(run_dir)

    def part(stage: str, name: str, reader: Callable[[Path], Any]) -> Any:
        path = run_dir / stage / name
        if stage not in manifests or not path.is_file():
            return None
        try:
            return reader(path)
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise KwspipeError(
                str(path),
                f"it cannot be read ({error})",
                f"the file that {stage} writes",
                f"run {stage} again",
            ) from None

    config = run_dir / "config.yaml"
    return RunContents(
        run_dir=run_dir,
        config=_yaml(config) if config.is_file() else {},
        manifests=manifests,
        outdated=outdated,
        summary=part("prepare", "summary.json", _json),
        history=part("train", "history.csv", lambda path: _history(path, manifests["train"])),
        transfer=part("train", "transfer.json", _json),
        imported_from=(part("quantize", "summary.json", _json) or {}).get("adopted"),
        profile=part("quantize", "profile.csv", _rows),
        metrics=part("evaluate", "metrics.json", _json),
        scores=part("evaluate", "scores.npz", _arrays),
        mistakes=part("evaluate", "mistakes.csv", _rows) or [],
        boards={
            path.stem: part("deploy", path.name, _json)
            for path in sorted((run_dir / "deploy").glob("*.json"))
            if path.name != MANIFEST and "deploy" in manifests
        },
    )


def digest(run_dir: Path) -> str:
    """Returns the SHA-256 of the manifests and the configuration, which identify the contents of the run."""
    paths = [run_dir / "config.yaml", *(run_dir / name / MANIFEST for name in stage_order.ORDER)]
    return text_hash("".join(f"{path.name} {file_hash(path)}\n" for path in paths if path.is_file()))


def _manifests(run_dir: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Returns the manifests of the stages that belong together, and the reason per excluded stage."""
    manifests: dict[str, dict[str, Any]] = {}
    outdated: dict[str, str] = {}
    for name in stage_order.ORDER:
        manifest = read_manifest(run_dir / name)
        if manifest is None:
            continue
        inputs = [stage for stage in stage_order.ORDER if stage in manifest["inputs"]]
        changed = [
            stage
            for stage in inputs
            if stage not in manifests or manifest["inputs"][stage] != outputs_hash(manifests[stage])
        ]
        if changed:
            outdated[name] = f"Its inputs from {' and '.join(changed)} have changed. Run {name} again."
        else:
            manifests[name] = manifest
    return manifests, outdated


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _yaml(path: Path) -> dict[str, Any]:
    loaded: Any = OmegaConf.to_container(OmegaConf.load(path))
    return loaded


def _rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def _history(path: Path, manifest: Mapping[str, Any]) -> TrainingHistory:
    # Earlier releases selected the epoch by a column of choice; without the key it is val_loss.
    monitor = manifest["config"].get("train", {}).get("monitor", "val_loss")
    rows = history.read(path)
    return TrainingHistory(rows, history.best(rows, monitor), monitor)
