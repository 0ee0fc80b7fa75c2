"""What the stages of a run have left, read for the report; a part that is not there is None."""

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
class RunFacts:
    """A run as its stages left it.

    Attributes:
        run_dir: of the run.
        config: the whole resolved configuration; None where the run is only an archive's content.
        manifests: by stage, in the pipeline's order; only stages that are whole and fit to the ones before.
        outdated: stages left out, with the reason.
        summary: of prepare.
        history: a row an epoch, and the place of the epoch that was kept.
        transfer: what was taken from which checkpoint.
        adopted: the file that a model trained elsewhere came from.
        profile: a row a layer.
        metrics: of evaluate.
        scores: arrays of evaluate: clips, targets, and posteriors by kind.
        mistakes: rows of mistakes.csv.
        boards: what deploy left, by board.
    """

    run_dir: Path
    config: dict[str, Any]
    manifests: Mapping[str, dict[str, Any]]
    outdated: Mapping[str, str]
    summary: dict[str, Any] | None
    history: tuple[list[dict[str, float]], int] | None
    transfer: dict[str, Any] | None
    adopted: str | None
    profile: Rows | None
    metrics: dict[str, Any] | None
    scores: dict[str, npt.NDArray[Any]] | None
    mistakes: Rows
    boards: dict[str, dict[str, Any]]

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the model's outputs."""
        return list(self.metrics["int8"]["per_class"]) if self.metrics else []


def read(run_dir: Path) -> RunFacts:
    """Reads a run.

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
                str(path), f"it cannot be read ({error})", f"what {stage} leaves there", f"run {stage} again"
            ) from None

    monitor = manifests.get("train", {}).get("config", {}).get("train", {}).get("monitor", "val_loss")
    config = run_dir / "config.yaml"
    return RunFacts(
        run_dir=run_dir,
        config=_yaml(config) if config.is_file() else {},
        manifests=manifests,
        outdated=outdated,
        summary=part("prepare", "summary.json", _json),
        history=part("train", "history.csv", lambda path: _history(path, monitor)),
        transfer=part("train", "transfer.json", _json),
        adopted=(part("quantize", "summary.json", _json) or {}).get("adopted"),
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
    """Returns the sha256 of all that a report shows of a run: its manifests and its configuration."""
    paths = [run_dir / "config.yaml", *(run_dir / name / MANIFEST for name in stage_order.ORDER)]
    return text_hash("".join(f"{path.name} {file_hash(path)}\n" for path in paths if path.is_file()))


def _manifests(run_dir: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The manifests of the stages that fit together, and why the others do not."""
    manifests: dict[str, dict[str, Any]] = {}
    outdated: dict[str, str] = {}
    for name in stage_order.ORDER:
        manifest = read_manifest(run_dir / name)
        if manifest is None:
            continue
        needs = [need for need in stage_order.ORDER if need in manifest["inputs"]]
        changed = [
            need
            for need in needs
            if need not in manifests or manifest["inputs"][need] != outputs_hash(manifests[need])
        ]
        if changed:
            outdated[name] = f"it is older than {' and '.join(changed)}; run {name} again"
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


def _history(path: Path, monitor: str) -> tuple[list[dict[str, float]], int]:
    rows = history.read(path)
    return rows, history.best(rows, monitor)
