"""Front-end settings of a checkpoint, compared with those of the configuration.

The shapes of features do not depend on all settings: features of 59 x 49 values can differ in their frequency range. A
network trained on other features than those of the configuration helps little.
"""

import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwspipe.config import FrontendConfig
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import read_manifest

FRONTEND_FILE = "frontend.json"  # in the folder of the bundled checkpoints


def frontend_differences(path: Path | None, frontend: FrontendConfig) -> dict[str, tuple[Any, Any]]:
    """Returns the front-end settings in which checkpoint and configuration differ.

    Args:
        path: the checkpoint; None for training from scratch.
        frontend: of the configuration.

    Returns:
        (value of the checkpoint, value of the configuration) by name; empty if the checkpoint's settings are unknown.
    """
    trained = _checkpoint_settings(path) if path else None
    return changed_settings(trained, frontend) if trained is not None else {}


def changed_settings(trained: Mapping[str, Any], frontend: FrontendConfig) -> dict[str, tuple[Any, Any]]:
    """Returns the settings with an effect that differ, as (trained value, configured value) by name.

    Args:
        trained: front-end settings by name; settings of other releases are ignored.
        frontend: of the configuration.
    """
    configured = vars(frontend)
    return {
        name: (trained[name], value)
        for name, value in configured.items()
        if name in trained and not _is_equal(trained[name], value) and _has_effect(name, trained, configured)
    }


def _checkpoint_settings(path: Path) -> dict[str, Any] | None:
    """Reads the settings from a file in the checkpoint's folder or from the archive; None if there are none."""
    try:
        if (path.parent / FRONTEND_FILE).is_file():
            return dict(json.loads((path.parent / FRONTEND_FILE).read_text(encoding="utf-8")))
        if manifest := read_manifest(path.parent):  # of the run that trained the checkpoint
            return dict(manifest["config"]["frontend"])
        if zipfile.is_zipfile(path):
            # Imported here, because this import would delay every start of kwspipe.
            from kwspipe.exchange.external_model import read_model

            frontend = read_model(path, None).frontend
            return dict(vars(frontend)) if frontend else None
    except (OSError, ValueError, KeyError, TypeError, KwspipeError):
        pass  # The weights can be used without these files, which other programs may have written.
    return None


def _is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-6)  # a .tflite contains float32 values
    return bool(one == other)


def _has_effect(name: str, trained: Mapping[str, Any], configured: Mapping[str, Any]) -> bool:
    """Returns whether a setting has an effect; ``pcan_strength`` has none if ``pcan_enable`` is false in both."""
    switches = (key for key in configured if key.endswith("_enable"))
    switch = next((key for key in switches if name.startswith(key.removesuffix("enable"))), None)
    return switch is None or bool(trained.get(switch) or configured[switch])
