"""Other detector settings for a model that is made already: what the configuration has changed since."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kwspipe.compiler import image_format as container
from kwspipe.config import DetectorConfig
from kwspipe.core.detector import DEVICE_SETTINGS, pack_settings, unpack_settings
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import read_manifest


def changed_settings(quantized: Path, detector: DetectorConfig) -> dict[str, Any]:
    """Returns the settings that the configuration has otherwise than when the model was made.

    Those are what a user asks for; the others are the model's own, which may have been chosen for it.

    Args:
        quantized: the folder of quantize or adopt.
        detector: of the configuration.
    """
    manifest = read_manifest(quantized) or {}
    before = manifest.get("config", {}).get("detector", {})
    now = {name: getattr(detector, name) for name in DEVICE_SETTINGS}
    plain = json.loads(json.dumps(now))  # as the manifest has it: lists, no tuples
    return {name: now[name] for name in now if name in before and plain[name] != before[name]}


def override_detector(
    image: bytes, detector: DetectorConfig, changes: Mapping[str, Any]
) -> tuple[bytes, DetectorConfig]:
    """Returns a model image with other detector settings, and all of these.

    Args:
        image: the model image.
        detector: of the configuration; of it only what the image does not hold is kept.
        changes: settings in place of the image's; a threshold for all classes replaces one a class.

    Raises:
        KwspipeError: settings that the detector cannot have.
    """
    sections = container.read_sections(image)
    labels = container.decode_labels(sections[container.LABELS])
    settings = unpack_settings(sections[container.DETECTOR]) | dict(changes)
    if "detection_threshold" in changes and "detection_threshold_list" not in changes:
        settings["detection_threshold_list"] = None
    try:
        # What is on a device is settled: nothing is to be chosen any more.
        tuned = DetectorConfig(**(vars(detector) | {"target_false_accepts_per_hour": None} | settings))
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise KwspipeError(
            "detector", reason, "settings that agree", "change fewer of them, or detector.minimum_count too"
        ) from None
    return container.replace_section(image, container.DETECTOR, pack_settings(tuned, labels)), tuned


def describe_changes(changes: Mapping[str, Any], image: bytes) -> str:
    """Returns the changes in words, with what the model has."""
    own = unpack_settings(container.read_sections(image)[container.DETECTOR])
    return ", ".join(f"{name} {value} (the model has {own.get(name)})" for name, value in changes.items())
