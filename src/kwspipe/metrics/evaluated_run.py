"""What a comparison needs of a run: what its model said of each clip, what it was worth, what it costs."""

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
    """A run that was evaluated.

    Attributes:
        name: as the tables call it.
        labels: of its model.
        metrics: as metrics.json has them.
        predictions: by clip.
        sizes: numbers of the model and of the device, by what they are.
    """

    name: str
    labels: tuple[str, ...]
    metrics: Mapping[str, Any]
    predictions: Mapping[str, Prediction]
    sizes: Mapping[str, float]

    @property
    def streaming(self) -> dict[str, float]:
        """The plain numbers of the streaming evaluation, whichever there are."""
        figures = self.metrics.get("streaming") or {}
        return {
            key: value
            for key, value in figures.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }


def evaluated_run(name: str, files: Mapping[str, bytes], where: str) -> EvaluatedRun:
    """Takes what is needed from the files of a run, by their names in an archive.

    Raises:
        KwspipeError: the run has no evaluation of its model, or one without predictions.
    """
    missing = [member for member in (METRICS, PREDICTIONS) if member not in files]
    if missing:
        raise KwspipeError(
            where,
            f"it has no {missing[0]} of the model that is there",
            "a run that was evaluated",
            "run its stage evaluate again, or import.path=<this run> with stages=[evaluate] and a name",
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
    facts = ImageRequirements.of(files["quantize/model.kws"])
    sizes: dict[str, float] = {
        "multiply-accumulates": sum(int(row["multiply_accumulates"]) for row in profile),
        "image bytes": len(files["quantize/model.kws"]),
        "tensor arena bytes": facts.arena_bytes,
        "memory bytes": facts.memory_bytes,
        ".tflite bytes": len(files["quantize/model.tflite"]),
    }
    if profile and all(row["instructions"] for row in profile):
        sizes["instructions an inference"] = sum(int(row["instructions"]) for row in profile)
    return sizes
