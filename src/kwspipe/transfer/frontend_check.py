"""What a checkpoint was trained to see: the front end's settings that come with it, beside those of the configuration.

The same network on other features knows next to nothing, and no shape tells: 59 x 49 are 59 x 49.
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

BESIDE = "frontend.json"  # beside the bundled checkpoints


def differences(path: Path | None, frontend: FrontendConfig) -> dict[str, tuple[Any, Any]]:
    """Returns the settings in which a checkpoint's features differ from the configuration's, each with both values.

    Args:
        path: the checkpoint; None where training starts from scratch.
        frontend: of the configuration.

    Returns:
        (the checkpoint's, the configuration's) by name; nothing where the checkpoint does not say what it saw.
    """
    seen = _settings(path) if path else None
    return differing(seen, frontend) if seen is not None else {}


def differing(seen: Mapping[str, Any], frontend: FrontendConfig) -> dict[str, tuple[Any, Any]]:
    """Returns the settings in which features differ from the configuration's, each with both values, by name."""
    here = vars(frontend)
    return {
        name: (seen[name], value)
        for name, value in here.items()
        if name in seen and not _alike(seen[name], value) and _matters(name, seen, here)
    }


def _settings(path: Path) -> dict[str, Any] | None:
    """Returns what lies beside the weights, or in the archive that has them; None where nothing tells."""
    try:
        if (path.parent / BESIDE).is_file():
            return dict(json.loads((path.parent / BESIDE).read_text(encoding="utf-8")))
        if manifest := read_manifest(path.parent):  # of the run that trained them
            return dict(manifest["config"]["frontend"])
        if zipfile.is_zipfile(path):
            from kwspipe.exchange.external_model import (
                read_model,  # here, or every start would be slower for it
            )

            frontend = read_model(path, None).frontend
            return dict(vars(frontend)) if frontend else None
    except (OSError, ValueError, KeyError, TypeError, KwspipeError):
        pass  # weights can be used without; whoever wrote the file may not have been kwspipe
    return None


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-6)  # a .tflite holds them as float32
    return bool(one == other)


def _matters(name: str, seen: Mapping[str, Any], here: dict[str, Any]) -> bool:
    """Tells whether a setting has an effect in one of both: ``pcan_strength`` has none where ``pcan_enable`` is off."""
    switches = (key for key in here if key.endswith("_enable"))
    switch = next((key for key in switches if name.startswith(key.removesuffix("enable"))), None)
    return switch is None or bool(seen.get(switch) or here[switch])
