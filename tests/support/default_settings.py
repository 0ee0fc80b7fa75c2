"""Settings of conf/ for tests that do not compose an experiment."""

import json
from typing import Any

from omegaconf import OmegaConf
from pydantic import TypeAdapter

from kwspipe.config import DatasetConfig, DetectorConfig, FrontendConfig, TrainConfig
from support.paths import CONF


def plain_settings(group: str, name: str = "default") -> dict[str, Any]:
    """Returns the settings of a file in conf/, without those of its defaults list."""
    settings = OmegaConf.to_container(OmegaConf.load(CONF / group / f"{name}.yaml"))
    return {key: value for key, value in settings.items() if key != "defaults"}


def train_settings(name: str, **changes: Any) -> TrainConfig:
    """Returns the settings of a choice of the group train, with changes."""
    return TrainConfig(**plain_settings("train", "_common") | plain_settings("train", name) | changes)


def _dataset() -> DatasetConfig:
    negatives = plain_settings("dataset/negatives") | plain_settings("dataset/negatives", "none")
    settings = plain_settings("dataset", "_base") | plain_settings("dataset", "folder")
    settings |= {"words": ["one", "two", "three"], "negatives": negatives}
    return TypeAdapter(DatasetConfig).validate_json(json.dumps(settings))


FRONTEND = FrontendConfig(**plain_settings("frontend"))
VENDOR_FRONTEND = FrontendConfig(**plain_settings("frontend", "vendor"))
DETECTOR = DetectorConfig(**plain_settings("detector"))
DATASET = _dataset()  # dataset=folder dataset/negatives=none
