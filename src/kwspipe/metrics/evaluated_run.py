"""Evaluated runs: predictions, metrics and resource requirements of a model."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kwspipe.core.image_info import ImageRequirements
from kwspipe.errors import KwspipeError
from kwspipe.metrics.predictions import Prediction, parse

PREDICTIONS, METRICS = "evaluate/predictions.csv", "evaluate/metrics.json"


@dataclass(frozen=True)
class EvaluatedRun:
    """The results of a run.

    Attributes:
        name: name of the run in tables.
        labels: labels of the model.
        metrics: content of metrics.json.
        predictions: prediction of the int8 model, by clip.
        sizes: memory and computation of the model, by name with unit.
    """

    name: str
    labels: tuple[str, ...]
    metrics: Mapping[str, Any]
    predictions: Mapping[str, Prediction]
    sizes: Mapping[str, float]

    @property
    def streaming(self) -> dict[str, float]:
        """The scalar metrics of the streaming evaluation."""
        figures = self.metrics.get("streaming") or {}
        return {
            key: value
            for key, value in figures.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }


def evaluated_run(name: str, files: Mapping[str, bytes], where: str) -> EvaluatedRun:
    """Reads the results of a run.

    Args:
        name: name of the run in tables.
        files: content of the files of the run, by their paths in an archive.
        where: the run in error messages.

    Raises:
        KwspipeError: the evaluation of the model is missing, or its predictions are.
    """
    missing = [member for member in (METRICS, PREDICTIONS) if member not in files]
    if missing:
        raise KwspipeError(
            where,
            f"no {missing[0]} of the present model",
            "an evaluated run",
            "run its stage evaluate again, or import.path=<this run> with stages=[evaluate] and another name",
        )
    return EvaluatedRun(
        name,
        tuple(files["quantize/labels.txt"].decode().splitlines()),
        json.loads(files[METRICS]),
        parse(files[PREDICTIONS].decode(), f"{where}: {PREDICTIONS}"),
        _sizes(files),
    )


def _sizes(files: Mapping[str, bytes]) -> dict[str, float]:
    profile = list(csv.DictReader(files["quantize/profile.csv"].decode().splitlines()))
    requirements = ImageRequirements.of(files["quantize/model.kws"])
    sizes: dict[str, float] = {
        "multiply-accumulates": sum(int(row["multiply_accumulates"]) for row in profile),
        "image bytes": len(files["quantize/model.kws"]),
        "tensor arena bytes": requirements.arena_bytes,
        "memory bytes": requirements.memory_bytes,
        ".tflite bytes": len(files["quantize/model.tflite"]),
    }
    if profile and all(row["instructions"] for row in profile):
        sizes["instructions an inference"] = sum(int(row["instructions"]) for row in profile)
    return sizes
