"""Detector settings of an existing model that the configuration changes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kwspipe.compiler import image_format as container
from kwspipe.config import DetectorConfig
from kwspipe.config.threshold_text import threshold_text
from kwspipe.core.detector import DEVICE_SETTINGS, pack_settings, unpack_settings
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import read_manifest


def changed_settings(quantized: Path, detector: DetectorConfig) -> dict[str, Any]:
    """Returns the detector settings that were changed in the configuration after the model was written.

    Changed settings were set by the user. All other settings keep the values in the model, which may result from a
    threshold search.

    Args:
        quantized: the folder of the stage quantize or import.
        detector: settings of the configuration.
    """
    manifest = read_manifest(quantized) or {}
    previous = manifest.get("config", {}).get("detector", {})
    current = {name: getattr(detector, name) for name in DEVICE_SETTINGS}
    as_json = json.loads(json.dumps(current))  # converts tuples to lists, as in the manifest
    return {
        name: value for name, value in current.items() if name in previous and as_json[name] != previous[name]
    }


def override_detector(
    image: bytes, detector: DetectorConfig, changes: Mapping[str, Any]
) -> tuple[bytes, DetectorConfig]:
    """Replaces detector settings of a model image.

    Args:
        image: the model image.
        detector: settings of the configuration, used for the settings that the image does not contain.
        changes: new values. ``detection_threshold`` without ``detection_threshold_list`` deletes the list.

    Returns:
        The model image with the new settings, and all detector settings.

    Raises:
        KwspipeError: the settings contradict each other.
    """
    sections = container.read_sections(image)
    labels = container.decode_labels(sections[container.LABELS])
    settings = unpack_settings(sections[container.DETECTOR]) | dict(changes)
    if "detection_threshold" in changes and "detection_threshold_list" not in changes:
        settings["detection_threshold_list"] = None
    try:
        # The image contains final thresholds. Without a target, no threshold search is configured.
        overridden = DetectorConfig(**(vars(detector) | {"target_false_accepts_per_hour": None} | settings))
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise KwspipeError(
            "detector",
            reason,
            "consistent settings",
            "change fewer settings, or change detector.minimum_count too",
        ) from None
    return container.replace_section(image, container.DETECTOR, pack_settings(overridden, labels)), overridden


def describe_changes(changes: Mapping[str, Any], image: bytes) -> str:
    """Returns a text with the new values and the values in the model image."""
    original = unpack_settings(container.read_sections(image)[container.DETECTOR])

    def text(name: str, value: Any) -> str:
        return threshold_text(value) if name == "detection_threshold" else str(value)

    return ", ".join(
        f"{name} {text(name, value)}, in the model {text(name, original.get(name))}"
        for name, value in changes.items()
    )
